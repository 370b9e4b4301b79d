'use client'
// The menu library in one module, so that it is fetched with the first use of a menu and not with every page.
import { DropdownMenu } from 'radix-ui'

export const {
  CheckboxItem,
  Content,
  Item,
  ItemIndicator,
  Label,
  Portal,
  RadioGroup,
  RadioItem,
  Root,
  Separator,
  Trigger,
} = DropdownMenu
