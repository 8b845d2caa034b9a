/**
 * How each part of the lab's bundle is made, as data. `recipes.ts` holds the values, `make-*.ts` the ways of making. A part is
 * cached by the digest of its recipe, its tool chain and the parts it is made from, so changing one rebuilds only what needs it.
 */
export type Recipe = GoRecipe | OwnGoRecipe | RootRecipe | ImageRecipe | ManifestRecipe | ChartManifestRecipe

interface Part {
  /** Unique; the task is called `bundle/NAME`. */
  readonly name: string
  readonly title: string
  /** SPDX expression of what comes out. */
  readonly licence: string
  /** Debian packages this machine needs to make it. */
  readonly debianPackages?: readonly string[]
}

/** Programs compiled from modules published under the upstream's own name. */
export interface GoRecipe extends Part {
  readonly kind: 'go'
  /** The first one is the main one: its go.mod decides language version, debug settings and replacements. */
  readonly modules: readonly GoModule[]
  /** Version that stands for every replacement with a folder inside the upstream's own repository (`=> ./staging/…`). */
  readonly stagingVersion?: string
  /** Versions taken instead of the ones the upstream asks for, because those cannot be fetched. */
  readonly replaces?: readonly GoModule[]
  readonly cgo: boolean
  readonly tags?: readonly string[]
  /** Variables set by the linker: `package/path.name` to value. */
  readonly defines?: Readonly<Record<string, string>>
  readonly programs: readonly Program[]
}

export interface GoModule {
  readonly path: string
  readonly version: string
}

export interface Program {
  /** Import path of the main package. */
  readonly package: string
  /** File name it gets, when not the one `go build` chooses. */
  readonly as?: string
  /** Name as an artifact of the bundle; without it the program only ends up in images. */
  readonly artifact?: string
}

/** Our own small programs, in `go/NAME/`: of the standard library only, or around packages of a module. */
export interface OwnGoRecipe extends Part {
  readonly kind: 'own'
  readonly programs: readonly string[]
  readonly around?: {
    readonly module: GoModule
    /** Path of the module they are compiled in: packages called `internal` may be imported from below their own only. */
    readonly path: string
  }
}

/** A Debian root file system with some packages, as the base of images whose programs call other programs. */
export interface RootRecipe extends Part {
  readonly kind: 'root'
  readonly suite: string
  readonly packages: readonly string[]
}

/** One container image in an archive of its own. */
export interface ImageRecipe extends Part {
  readonly kind: 'image'
  /** Full name with tag, as manifests and kubeadm ask for it. */
  readonly reference: string
  /** Name of a `root` part that becomes the lowest layer. */
  readonly base?: string
  readonly files: readonly ImageFile[]
  readonly entrypoint?: readonly string[]
  /** What the programs inside were built from. */
  readonly builtFrom: string
}

export interface ImageFile {
  readonly part: string
  readonly file: string
  /** Absolute path in the image. */
  readonly to: string
}

/** A manifest that upstream ships inside its own Go module; taken byte for byte. */
export interface ManifestRecipe extends Part {
  readonly kind: 'manifest'
  readonly module: GoModule
  /** Path inside the module. */
  readonly file: string
  readonly sha256: string
  readonly artifact: string
}

/** A manifest that upstream's release makes of the chart in its own module, by the same steps. */
export interface ChartManifestRecipe extends Part {
  readonly kind: 'chart-manifest'
  readonly module: GoModule
  /** Folder of the chart in the module. */
  readonly chart: string
  /** Name of the part that holds `helm`. */
  readonly helm: string
  /** Words of `helm template`, beside name and chart. */
  readonly options: readonly string[]
  /** The option that adds the custom resource definitions, which the release puts first. */
  readonly withDefinitions: string
  readonly release: string
  /** Files of the module that come before everything: the licence, with its YEAR, and the namespace. */
  readonly head: { readonly licence: string; readonly year: string; readonly namespace: string }
  readonly sha256: string
  readonly artifact: string
}

export function isManifest(recipe: Recipe): recipe is ManifestRecipe | ChartManifestRecipe {
  return recipe.kind === 'manifest' || recipe.kind === 'chart-manifest'
}

/** Names of the parts that must be ready first. */
export function inputsOf(recipe: Recipe): readonly string[] {
  if (recipe.kind === 'chart-manifest') return [recipe.helm]
  if (recipe.kind !== 'image') return []
  return [...new Set([...(recipe.base === undefined ? [] : [recipe.base]), ...recipe.files.map((file) => file.part)])]
}

/** Artifacts that come out of a part. */
export function artifactsOf(recipe: Recipe): readonly string[] {
  if (recipe.kind === 'go') return recipe.programs.flatMap((program) => program.artifact ?? [])
  if (recipe.kind === 'image') return [recipe.name]
  return isManifest(recipe) ? [recipe.artifact] : []
}
