import { prettyLossless } from '#app/_forms/schema.ts'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { Markdown } from '#app/_ui/markdown.tsx'
import { type Lossless, parseLossless } from '#lib/domain/lossless-json.ts'
import { type Grid, gridOf, safePicture } from './artifact-data.ts'

interface ArtifactBodyProps {
  readonly type: string | null
  /** JSON text, as it was sent. */
  readonly data: string | null
}

/** What an artifact says, by its type; what is of no known type is shown as it was sent. */
export function ArtifactBody({ type, data }: ArtifactBodyProps) {
  if (data === null) return <p className="text-ink-3">It holds no data.</p>
  const value = read(data)
  switch (type) {
    case 'markdown':
      return <Markdown text={typeof value === 'string' ? value : data} />
    case 'table': {
      const grid = gridOf(typeof value === 'string' ? read(value) : value)
      return grid ? <TableArtifact grid={grid} /> : <Raw value={value} data={data} />
    }
    case 'progress':
      return <Progress value={value} data={data} />
    case 'image':
      return <Picture address={typeof value === 'string' ? value : ''} />
    default:
      return <Raw value={value} data={data} />
  }
}

function read(text: string): Lossless {
  try {
    return parseLossless(text)
  } catch {
    return text
  }
}

function Raw({ value, data }: { readonly value: Lossless; readonly data: string }) {
  const text = typeof value === 'string' ? value : prettyLossless(value)
  const cut = text.length > mostCharacters
  return (
    <div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be reached by keyboard
        tabIndex={0}
        className="mb-2 max-h-[60dvh] overflow-auto whitespace-pre-wrap rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-[18px] [overflow-wrap:anywhere]"
      >
        {cut ? `${text.slice(0, mostCharacters)}…` : text}
      </pre>
      {cut ? null : (
        <CopyButton text={data} label="Copy data as JSON" kind="plain">
          Copy as JSON
        </CopyButton>
      )}
    </div>
  )
}

const mostCharacters = 100_000

function TableArtifact({ grid }: { readonly grid: Grid }) {
  // A column of numbers stands at the right with its head, and where a number is missing too.
  const numeric = grid.columns.map((_, index) => {
    const said = grid.rows.flatMap((row) => (row[index]?.text ? [row[index]] : []))
    return said.length > 0 && said.every((cell) => cell.numeric)
  })
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and must be reached by keyboard */}
      <section aria-label="Table" tabIndex={0} className="max-h-[70dvh] overflow-auto">
        <table className="t table-auto!">
          <thead>
            <tr>
              {grid.columns.map((column, index) => (
                <th
                  // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
                  key={index}
                  scope="col"
                  className={`sticky top-0 bg-surface ${numeric[index] ? 'num' : ''}`}
                >
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its position
              <tr key={index}>
                {row.map((cell, column) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position
                    key={column}
                    className={`max-w-100 ${numeric[column] ? 'num' : ''}`}
                    title={cell.text.length > 40 ? cell.text : undefined}
                  >
                    {cell.text === '' ? <span className="text-ink-3">–</span> : cell.text}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {grid.left > 0 ? (
        <p className="pt-2 text-ink-3 text-xs">
          {grid.left.toLocaleString('en-US')} more rows are not shown.
        </p>
      ) : null}
    </>
  )
}

function Progress({ value, data }: { readonly value: Lossless; readonly data: string }) {
  const share = Number(typeof value === 'string' ? value : data)
  if (!Number.isFinite(share)) return <Raw value={value} data={data} />
  const percent = Math.min(100, Math.max(0, share))
  return (
    <div className="max-w-120">
      <p className="mb-1.5 font-semibold text-2xl tracking-[-0.02em]">
        {Number(share.toFixed(1))}
        {'\u2009'}%
      </p>
      <div
        role="progressbar"
        aria-label="Progress"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 overflow-hidden rounded-[3px] bg-active"
      >
        <div className="h-full bg-accent" style={{ width: `${percent}%` }} />
      </div>
    </div>
  )
}

function Picture({ address }: { readonly address: string }) {
  if (safePicture(address)) {
    return (
      // biome-ignore lint/performance/noImgElement: the picture stands in the data, nothing is fetched or resized
      <img
        src={address}
        alt="What the artifact shows"
        className="max-h-[70dvh] max-w-full rounded-md border border-line"
      />
    )
  }
  return /^https?:/i.test(address) ? (
    <p>
      <a
        href={address}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="link [overflow-wrap:anywhere]"
      >
        {address}
      </a>
      <span className="block text-ink-3 text-xs">
        The picture is kept elsewhere. Rigel does not fetch it: its server would learn who looks, and when.
      </span>
    </p>
  ) : (
    <p className="text-ink-3">Its address cannot be shown.</p>
  )
}
