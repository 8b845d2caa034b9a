import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Makes the cluster that the others share: were it not the first, they would make one before it. */
const FIRST = '/from-nothing.test.ts'

/** Files in the order vitest gives them, but for the one that the others build on. */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => Number(b.moduleId.endsWith(FIRST)) - Number(a.moduleId.endsWith(FIRST)))
  }
}
