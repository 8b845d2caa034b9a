import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'
import { type Fsync, RECORDED, readRecorded } from './fsync.ts'
import { MOUNT_OF, RESOLVE_PATH } from './mount.ts'

/** The fsync figure on record for a folder and the file system it lies on now; undefined when there is none. */
export const fsyncRecorded: Fact<string, Fsync | undefined> = {
  name: 'fsync-recorded',
  id: (folder) => folder,
  script: (folders) => `${RESOLVE_PATH}
${MOUNT_OF}
${RECORDED}
for asked in ${argv(folders)}; do
place "$asked" "$asked"
recorded "$asked" "$asked" "$place"
done
:`,
  parse: readRecorded,
}
