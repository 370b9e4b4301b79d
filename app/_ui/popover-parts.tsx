'use client'
// The popover library in one module, so that it is fetched with the first use and not with every page.
import { Popover } from 'radix-ui'

export const { Content, Portal, Root, Trigger } = Popover
