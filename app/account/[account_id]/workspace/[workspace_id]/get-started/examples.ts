/** A line is pieces; a piece has a colour only where that helps to read it. */
export type Piece = string | readonly ['word' | 'call' | 'text', string]

export interface Example {
  readonly file: string
  readonly lines: readonly (readonly Piece[])[]
}

const word = (text: string) => ['word', text] as const
const call = (text: string) => ['call', text] as const
const text = (quoted: string) => ['text', quoted] as const

export const examples = {
  typescript: {
    file: 'hello.ts',
    lines: [
      [word('import'), ' { flow, task } ', word('from'), ' ', text("'@rigel/agent'")],
      [],
      [word('const'), ' fetchRows = ', call('task'), '('],
      ['  { name: ', text("'fetch-rows'"), ', retries: 2 },'],
      ['  ', word('async'), ' (n: number) => Array.from({ length: n }),'],
      [')'],
      [],
      [word('const'), ' count = ', call('task'), '('],
      ['  { name: ', text("'count'"), ' },'],
      ['  (rows: unknown[]) => rows.length,'],
      [')'],
      [],
      [word('export default'), ' ', call('flow'), '('],
      ['  { name: ', text("'hello'"), ' },'],
      ['  ', word('async'), ' () => count(', word('await'), ' fetchRows(100)),'],
      [')'],
    ],
  },
  python: {
    file: 'hello.py',
    lines: [
      [word('from'), ' prefect ', word('import'), ' flow, task'],
      [],
      [call('@task'), '(retries=2)'],
      [word('def'), ' fetch_rows(n: int):'],
      ['    ', word('return'), ' list(range(n))'],
      [],
      [call('@task')],
      [word('def'), ' count(rows):'],
      ['    ', word('return'), ' len(rows)'],
      [],
      [call('@flow'), '(log_prints=True)'],
      [word('def'), ' hello():'],
      ['    print(count(fetch_rows(100)), ', text("'rows'"), ')'],
      [],
      [word('if'), ' __name__ == ', text("'__main__'"), ':'],
      ['    hello()'],
    ],
  },
} as const satisfies Record<string, Example>

export type Language = keyof typeof examples

export const plainText = (example: Example): string =>
  `${example.lines.map((line) => line.map((piece) => (typeof piece === 'string' ? piece : piece[1])).join('')).join('\n')}\n`
