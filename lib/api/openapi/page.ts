import type { JsonSchema, OpenApiDocument, Operation } from './document.ts'

// One page, rendered whole: nothing is fetched, the browser's own find searches it. Colours are the console's (app/_ui/tokens.css).

const light =
  '--canvas:#f6f7f9;--surface:#fff;--sunken:#f3f4f7;--line:#e7e9ee;--ink:#13161d;--ink-2:#474e5c;--ink-3:#5f6776;--accent:#2349d6;--focus:#2349d6;--good:#007757;--bad:#c70a14;--warn:#8a5a00'
const dark =
  '--canvas:#0a0c10;--surface:#0f1217;--sunken:#0b0e12;--line:#1f242d;--ink:#eceef2;--ink-2:#aeb5c1;--ink-3:#8a92a1;--accent:#8eaeff;--focus:#8eaeff;--good:#5bd0a2;--bad:#f25748;--warn:#e0b050'

const style = `
:root{color-scheme:light;${light}}
@media (prefers-color-scheme:dark){:root{color-scheme:dark;${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--ink);font:14px/22px "Geist",ui-sans-serif,system-ui,sans-serif}
a{color:var(--accent)}a:focus-visible,summary:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.page{display:grid;grid-template-columns:220px minmax(0,1fr);max-width:1200px;margin:0 auto}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:24px}
nav ul{list-style:none;margin:0;padding:0}nav a{display:block;padding:3px 0;color:var(--ink-2);text-decoration:none}nav a:hover{color:var(--ink)}
main{padding:24px;min-width:0}
h1{font-size:28px;line-height:34px;margin:0 0 8px}h2{font-size:20px;line-height:28px;margin:40px 0 12px;scroll-margin-top:16px}
.lead{color:var(--ink-2);max-width:70ch;overflow-wrap:anywhere}
details{background:var(--surface);border:1px solid var(--line);border-radius:8px;margin:8px 0}
summary{cursor:pointer;padding:8px 12px;list-style:none;display:flex;gap:12px;align-items:baseline;flex-wrap:wrap}
summary::-webkit-details-marker{display:none}
code,pre{font:12px/18px "Geist Mono",ui-monospace,SFMono-Regular,monospace}
.method{font-weight:600;min-width:52px}.GET{color:var(--good)}.DELETE{color:var(--bad)}.POST{color:var(--accent)}.PATCH,.PUT{color:var(--warn)}
.path{overflow-wrap:anywhere}.what{color:var(--ink-3)}
.body{padding:0 12px 12px;border-top:1px solid var(--line)}
th{width:30%}.body p{overflow-wrap:anywhere}
h3{font-size:13px;line-height:20px;margin:16px 0 4px}
table{border-collapse:collapse;width:100%;table-layout:fixed}td code,th code{overflow-wrap:anywhere}td,th{text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);font-weight:400}
pre{background:var(--sunken);border:1px solid var(--line);border-radius:6px;padding:8px 12px;margin:0;overflow:auto;max-height:360px}
@media (max-width:40rem){.page{display:block}nav{position:static;max-height:none;padding:16px}main{padding:16px}}
`

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (char) => escapes[char] ?? char)
const anchor = (tag: string): string => tag.toLowerCase().replace(/[^a-z0-9]+/g, '-')
const prose = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')

/** The document as a page for people. */
export function apiPage(document: OpenApiDocument): string {
  const byTag = new Map(document.tags.map(({ name }) => [name, [] as string[]]))
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      byTag.get(operation.tags[0] ?? '')?.push(section(path, method.toUpperCase(), operation))
    }
  }
  const tags = [...byTag].filter(([, sections]) => sections.length > 0)
  const count = tags.reduce((sum, [, sections]) => sum + sections.length, 0)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rigel API</title><style>${style}</style></head>
<body><div class="page">
<nav aria-label="Kinds of objects"><ul>${tags.map(([tag]) => `<li><a href="#${anchor(tag)}">${escapeHtml(tag)}</a></li>`).join('')}</ul></nav>
<main><h1>Rigel API</h1>
<p class="lead">${prose(document.info.description)}</p>
<p class="lead">${count} operations, also as <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
${tags.map(([tag, sections]) => `<section><h2 id="${anchor(tag)}">${escapeHtml(tag)}</h2>${sections.join('\n')}</section>`).join('\n')}
<section><h2 id="schemas">Shared shapes</h2>${Object.entries(document.components.schemas)
    .map(
      ([name, schema]) =>
        `<details id="schema-${name}"><summary><code>${escapeHtml(name)}</code></summary><div class="body">${schemaText(schema)}</div></details>`,
    )
    .join('\n')}</section>
</main></div></body></html>`
}

function section(path: string, method: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><th scope="row"><code>${escapeHtml(parameter.name)}</code></th><td>${parameter.in}${parameter.required ? '' : ', optional'}</td><td>${schemaText(parameter.schema, true)}</td></tr>`,
  )
  const request = operation.requestBody?.content['application/json']?.schema
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const [content] = Object.values(response.content ?? {})
    const shape = content && Number(status) < 300 ? schemaText(content.schema) : ''
    return `<tr><th scope="row"><code>${status}</code></th><td>${escapeHtml(response.description)}${shape}</td></tr>`
  })
  return `<details><summary><code class="method ${method}">${method}</code><code class="path">${escapeHtml(path)}</code><span class="what">${escapeHtml(operation.summary)}</span></summary>
<div class="body"><p>${prose(operation.description)}</p>
${parameters.length > 0 ? `<h3>Parameters</h3><table>${parameters.join('')}</table>` : ''}
${request ? `<h3>Body</h3>${schemaText(request)}` : ''}
<h3>Answers</h3><table>${responses.join('')}</table></div></details>`
}

function schemaText(schema: JsonSchema, inline = false): string {
  const text = escapeHtml(typeText(schema, '')).replace(/@(\w+)@/g, '<a href="#schema-$1">$1</a>')
  return inline ? `<code>${text}</code>` : `<pre>${text}</pre>`
}

/** A schema as a type is written: shorter to read than JSON Schema. Named shapes stand between @. */
function typeText(schema: JsonSchema, indent: string): string {
  if (typeof schema.$ref === 'string') return `@${schema.$ref.split('/').at(-1)}@`
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (choices) return [...new Set(choices.map((choice) => typeText(choice, indent)))].join(' | ')
  const all = schema.allOf as JsonSchema[] | undefined
  if (all) return all.map((part) => typeText(part, indent)).join(' & ')
  if (Array.isArray(schema.prefixItems))
    return `[${schema.prefixItems.map((item) => typeText(item as JsonSchema, indent)).join(', ')}]`
  if (schema.type === 'array') return listText(schema, indent)
  if (schema.properties) return objectText(schema, indent)
  if (schema.type === 'object') {
    const values = schema.additionalProperties
    return `{ [name]: ${typeof values === 'object' && values ? typeText(values as JsonSchema, indent) : 'any'} }`
  }
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : String(schema.type ?? 'any')
  return type === 'string' && schema.format ? String(schema.format) : type
}

function listText(schema: JsonSchema, indent: string): string {
  const item = typeText((schema.items ?? {}) as JsonSchema, indent)
  return / [|&] /.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
}

function objectText(schema: JsonSchema, indent: string): string {
  const required = (schema.required ?? []) as readonly string[]
  const inner = `${indent}  `
  const members = Object.entries(schema.properties as Record<string, JsonSchema>).map(([name, property]) => {
    const unsaid = 'default' in property ? `   = ${JSON.stringify(property.default)}` : ''
    return `${inner}${name}${required.includes(name) ? '' : '?'}: ${typeText(property, inner)}${unsaid}`
  })
  return members.length === 0 ? '{}' : `{\n${members.join('\n')}\n${indent}}`
}
