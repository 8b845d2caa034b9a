# Two Ethernet cards with a wire between them that is slow and loses frames, for kernels without netem.
# usage: slow-wire.py NAMESPACE CARD NAMESPACE CARD DELAY_MS LOSS_PERCENT SEED
import ctypes, fcntl, heapq, os, random, select, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)


def card(namespace, name):
    with open('/run/netns/' + namespace) as space:
        if libc.setns(space.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), 'setns')
    tap = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, 0x400454CA, struct.pack('16sH', name.encode(), 0x0002 | 0x1000))
    return tap


a, b = card(*sys.argv[1:3]), card(*sys.argv[3:5])
delay, loss = float(sys.argv[5]) / 1000, float(sys.argv[6]) / 100
chance = random.Random(int(sys.argv[7]))
other, frames, order = {a: b, b: a}, [], 0
print('on', flush=True)
while True:
    wait = max(0, frames[0][0] - time.monotonic()) if frames else None
    for tap in select.select([a, b, 0], [], [], wait)[0]:
        if tap == 0:
            sys.exit(0)
        frame = os.read(tap, 70000)
        if chance.random() >= loss:
            order += 1
            heapq.heappush(frames, (time.monotonic() + delay, order, other[tap], frame))
    while frames and frames[0][0] <= time.monotonic():
        _, _, tap, frame = heapq.heappop(frames)
        try:
            os.write(tap, frame)
        except OSError:
            pass
