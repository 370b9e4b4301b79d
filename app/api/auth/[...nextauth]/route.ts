import { handleAuth } from '#lib/identity/auth.ts'
import { authSettings } from '#lib/identity/auth-settings.ts'

const handle = (request: Request): Promise<Response> => handleAuth(request, authSettings(request.headers))

export { handle as GET, handle as POST }
