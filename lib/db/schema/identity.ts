import { customType, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { AccountRole, WorkspaceRole } from '../../domain/access/actor.ts'

/** Who there is: drizzle/0000_foundation.sql holds the same tables with their checks and keys. */

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
const madeAt = () => instant('created_at').notNull().defaultNow()
const changedAt = () =>
  instant('updated_at')
    .notNull()
    .defaultNow()
    .$onUpdate(() => new Date())

/** What the user, account or workspace chose; every key is optional. */
type Settings = Readonly<Record<string, unknown>>
const settings = () => jsonb('settings').$type<Settings>().notNull().default({})

export const users = pgTable('users', {
  id: uuid('id').primaryKey(),
  actorId: uuid('actor_id').notNull().unique(),
  handle: text('handle').notNull().unique(),
  name: text('name').notNull().default(''),
  email: text('email'),
  imageUrl: text('image_url'),
  settings: settings(),
  lastLoginAt: instant('last_login_at'),
  createdAt: madeAt(),
  updatedAt: changedAt(),
})

export const userIdentities = pgTable(
  'user_identities',
  {
    provider: text('provider').notNull(),
    providerAccountId: text('provider_account_id').notNull(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    login: text('login'),
    createdAt: madeAt(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.providerAccountId] })],
)

export const sessions = pgTable('sessions', {
  id: uuid('id').primaryKey(),
  tokenHash: bytes('token_hash').notNull().unique(),
  userId: uuid('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  expiresAt: instant('expires_at').notNull(),
  ipAddress: text('ip_address'),
  userAgent: text('user_agent'),
  createdAt: madeAt(),
  updatedAt: changedAt(),
})

export const signInLinks = pgTable('sign_in_links', {
  tokenHash: bytes('token_hash').primaryKey(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const accounts = pgTable('accounts', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  handle: text('handle').notNull().unique(),
  personalUserId: uuid('personal_user_id')
    .unique()
    .references(() => users.id, { onDelete: 'set null' }),
  settings: settings(),
  createdAt: madeAt(),
  updatedAt: changedAt(),
})

export const accountMemberships = pgTable(
  'account_memberships',
  {
    id: uuid('id').notNull().unique(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text('role').$type<AccountRole>().notNull(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.userId] })],
)

export const workspaces = pgTable('workspaces', {
  id: uuid('id').primaryKey(),
  accountId: uuid('account_id')
    .notNull()
    .references(() => accounts.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  handle: text('handle').notNull(),
  description: text('description').notNull().default(''),
  settings: settings(),
  createdAt: madeAt(),
  updatedAt: changedAt(),
})

export const workspaceMemberships = pgTable(
  'workspace_memberships',
  {
    workspaceId: uuid('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text('role').$type<WorkspaceRole>().notNull(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.userId] })],
)

export const apiKeys = pgTable('api_keys', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  keyHash: bytes('key_hash').notNull().unique(),
  maskedKey: text('masked_key').notNull(),
  workspaceId: uuid('workspace_id').references(() => workspaces.id, { onDelete: 'cascade' }),
  role: text('role').$type<WorkspaceRole>(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  lastUsedAt: instant('last_used_at'),
  lastUsedBy: text('last_used_by'),
  replacedBy: uuid('replaced_by'),
  createdAt: madeAt(),
  updatedAt: changedAt(),
})
