/** Something that was counted beside the evidence: what a report puts into a column. */
export interface Figure {
  readonly name: string
  readonly count: number
}
