# Who answers for an address: asks by ARP on a card, and prints the hardware address of each answer to us, a line each. What is
# told to everybody unasked is none.
# usage: who-has.py CARD ADDRESS SECONDS
import select, socket, struct, sys, time, fcntl

card, address, seconds = sys.argv[1], socket.inet_aton(sys.argv[2]), float(sys.argv[3])
ARP = 0x0806


def of_card(request):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, request, struct.pack('256s', card.encode()))


hardware = of_card(0x8927)[18:24]  # SIOCGIFHWADDR
own = of_card(0x8915)[20:24]  # SIOCGIFADDR
question = struct.pack('!HHBBH', 1, 0x0800, 6, 4, 1) + hardware + own + bytes(6) + address
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP))
wire.bind((card, ARP))
wire.send(bytes([255] * 6) + hardware + struct.pack('!H', ARP) + question)
until = time.monotonic() + seconds
while (left := until - time.monotonic()) > 0:
    if not select.select([wire], [], [], left)[0]:
        continue
    frame = wire.recv(1514)
    if frame[20:22] == b'\x00\x02' and frame[28:32] == address and frame[38:42] == own:
        print(frame[22:28].hex(':'), flush=True)
