/** Something known of every ordered pair of hosts, or of hosts and other places, as a person looks at it: plain data, for terminals and reports. */
export interface Matrix {
  /** What the figures are, e.g. `path MTU`. */
  readonly title: string
  /** e.g. `bytes`; empty where cells are signs. */
  readonly unit: string
  /** Rows and columns: from a row to a column. */
  readonly hosts: readonly string[]
  /** Columns, where they are other places than the hosts. */
  readonly places?: readonly string[]
  readonly cells: readonly MatrixCell[]
}

export interface MatrixCell {
  readonly from: string
  readonly to: string
  /** At most 5 columns wide. */
  readonly text: string
  /** `usual` is what most are or should be; the others are what one looks for. */
  readonly tone: 'usual' | 'odd' | 'bad' | 'unknown'
  /** In words, where the text alone does not say it. */
  readonly note?: string
}
