import { join } from 'node:path'
import type { World } from './world.ts'

/** What can be made again: compiled parts, downloads, disk images. Shared by all projects of this user. */
export function cacheFolder({ env, home }: Pick<World, 'env' | 'home'>): string {
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'provision')
}

/** Lab machines: their disks and keys. Gone with `provision lab down`. */
export function labFolder({ env, home }: Pick<World, 'env' | 'home'>): string {
  return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'provision', 'lab')
}
