import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'

/** Only these lead anywhere; what else a writer may have put into a link is shown as its words. */
const mayOpen = (address: string | undefined): boolean => /^(https?:|mailto:)/i.test(address ?? '')

const outside = { target: '_blank', rel: 'noopener noreferrer nofollow' } as const

// One h1 a page, and it is not the writer's.
const components: Components = {
  h1: ({ children }) => <h3 className="mt-4 mb-1.5 font-semibold text-lg first:mt-0">{children}</h3>,
  h2: ({ children }) => <h4 className="mt-4 mb-1.5 font-semibold text-base first:mt-0">{children}</h4>,
  h3: ({ children }) => <h5 className="mt-3 mb-1 font-semibold first:mt-0">{children}</h5>,
  h4: ({ children }) => <h6 className="mt-3 mb-1 font-medium first:mt-0">{children}</h6>,
  h5: ({ children }) => <p className="mt-3 mb-1 font-medium first:mt-0">{children}</p>,
  h6: ({ children }) => <p className="mt-3 mb-1 font-medium text-ink-2 first:mt-0">{children}</p>,
  p: ({ children }) => <p className="my-2 first:mt-0 last:mb-0">{children}</p>,
  ul: ({ children }) => <ul className="my-2 list-disc pl-5">{children}</ul>,
  ol: ({ children }) => <ol className="my-2 list-decimal pl-5">{children}</ol>,
  li: ({ children }) => <li className="my-0.5">{children}</li>,
  a: ({ href, children }) =>
    mayOpen(href) ? (
      <a href={href} {...outside} className="link">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  // A picture elsewhere would tell its server who looks, and when.
  img: ({ src, alt }) => {
    const address = typeof src === 'string' ? src : undefined
    return mayOpen(address) ? (
      <a href={address} {...outside} className="link">
        Picture: {alt || address}
      </a>
    ) : (
      <span className="text-ink-3">Picture: {alt || 'without words'}</span>
    )
  },
  blockquote: ({ children }) => (
    <blockquote className="my-2 border-line-strong border-l-2 pl-3 text-ink-2">{children}</blockquote>
  ),
  hr: () => <hr className="my-4 border-line" />,
  pre: ({ children }) => (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and must be reached by keyboard
      tabIndex={0}
      className="my-2 overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-[18px]"
    >
      {children}
    </pre>
  ),
  code: ({ children }) => <code className="font-mono text-xs">{children}</code>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and must be reached by keyboard
    <section aria-label="Table" tabIndex={0} className="my-2 overflow-x-auto">
      <table className="t table-auto!">{children}</table>
    </section>
  ),
  th: ({ children, style }) => (
    <th scope="col" style={style}>
      {children}
    </th>
  ),
  input: ({ checked }) => <span className="text-ink-3">{checked ? '[x]' : '[ ]'}</span>,
}

/** Rendered on the server: no raw HTML, nothing fetched from elsewhere, no script. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <div className="max-w-180 text-base [overflow-wrap:anywhere]">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components} skipHtml>
        {text}
      </ReactMarkdown>
    </div>
  )
}
