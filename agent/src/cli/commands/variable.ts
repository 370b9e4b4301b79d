import { openWorkspace } from '../../connection/open-workspace.js'
import { fieldsOf, listOf, textOf } from '../../record/fields.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { localTime, printJson, printResult, table, tell } from '../output.js'
import { readValue } from '../parameters.js'

const pathOf = (name: string): string => `variables/name/${encodeURIComponent(name)}`
const notThere = (name: string): CliError =>
  new CliError(`there is no variable "${name}" in this workspace`, 'rigel variable ls')
/** Texts as they are, so that a shell can use them; anything else as JSON. */
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const ls: Command = {
  usage: 'variable ls [--json]',
  summary: 'Lists the variables of the workspace.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const api = await openWorkspace()
    const body = { sort: 'NAME_ASC', limit: 200 }
    const variables = listOf(await api.post('variables/filter', body)).map(fieldsOf)
    if (call.flag('json')) return printJson(variables)
    if (variables.length === 0)
      return tell('There are no variables. To make one: rigel variable set NAME VALUE')
    printResult(
      table(
        ['NAME', 'VALUE', 'TAGS', 'UPDATED'],
        variables.map(({ name, value, tags, updated }) => [
          textOf(name),
          shorten(shown(value)),
          listOf(tags).join(', ') || '-',
          localTime(textOf(updated)),
        ]),
      ),
    )
  },
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

export const get: Command = {
  usage: 'variable get NAME [--json]',
  summary: 'Prints the value of a variable: a text as it is, anything else as JSON.',
  options: { json: { type: 'boolean', help: 'print the whole variable as JSON' } },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const found = await (await openWorkspace()).find(pathOf(name))
    if (found === null) throw notThere(name)
    if (call.flag('json')) return printJson(found)
    printResult(shown(fieldsOf(found).value))
  },
}

export const set: Command = {
  usage: 'variable set NAME VALUE [--tag TAG]...',
  summary: 'Makes a variable or changes its value, which is read as JSON, and as text when it is none.',
  options: { tag: { type: 'string', multiple: true, placeholder: 'TAG', help: 'a tag; may be repeated' } },
  words: [2, 2],
  run: async (call) => {
    const [name = '', text = ''] = call.words
    const tags = call.texts('tag')
    const body = { value: readValue(text), ...(tags.length > 0 && { tags }) }
    const api = await openWorkspace()
    const isNew = (await api.find(pathOf(name))) === null
    if (isNew) await api.post('variables/', { name, ...body })
    else await api.patch(pathOf(name), body)
    tell(`${isNew ? 'Made' : 'Changed'} variable ${name}`)
  },
}

export const remove: Command = {
  usage: 'variable delete NAME [--yes]',
  summary: 'Deletes a variable.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const [name = ''] = call.words
    const api = await openWorkspace()
    if ((await api.find(pathOf(name))) === null) throw notThere(name)
    await confirm(call, `Delete variable ${name}?`)
    await api.delete(pathOf(name))
    tell(`Deleted variable ${name}`)
  },
}
