import { z } from 'zod'
import { type Route, route } from '../route.ts'
import { openApiDocument } from './document.ts'
import { apiPage } from './page.ts'

const tag = 'Server'
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The document of `routes`, and the page made of it; each is made once, when first asked for. */
export function openApiRoutes(routes: () => readonly Route[]): readonly Route[] {
  let json: string | undefined
  let page: string | undefined
  return [
    route({
      method: 'GET',
      path: '/openapi.json',
      permission: { in: 'public', why: 'What there is to ask for is no secret.' },
      summary: 'This document',
      tag,
      success: { 200: z.record(z.string(), z.unknown()) },
      handle: () => {
        json ??= JSON.stringify(openApiDocument(routes()))
        return { status: 200, rawJson: json }
      },
    }),
    route({
      method: 'GET',
      path: '/docs/api',
      permission: { in: 'root', why: 'What there is to ask for is no secret.' },
      summary: 'This document as a page',
      tag,
      success: { 200: z.string().meta({ contentType: 'text/html' }) },
      handle: () => {
        page ??= apiPage(openApiDocument(routes()))
        return {
          status: 200,
          body: page,
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY },
        }
      },
    }),
  ]
}
