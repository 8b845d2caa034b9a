/**
 * Flags of /proc/cpuinfo that make up the levels of x86-64, each level on top of the one before.
 * Source: System V ABI, AMD64 supplement, "Micro-Architecture Levels"; the kernel calls SSE3 `pni` and LZCNT `abm`.
 */
export const X86_64_LEVELS: readonly (readonly string[])[] = [
  ['lm', 'cmov', 'cx8', 'fpu', 'fxsr', 'mmx', 'syscall', 'sse', 'sse2'],
  ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
]

/** The highest level all of whose flags are there, 0 when not even the first is, and what the next one lacks. */
export function x86Level(flags: ReadonlySet<string>): { readonly level: number; readonly missing: readonly string[] } {
  for (const [level, wanted] of X86_64_LEVELS.entries()) {
    const missing = wanted.filter((flag) => !flags.has(flag))
    if (missing.length > 0) return { level, missing }
  }
  return { level: X86_64_LEVELS.length, missing: [] }
}
