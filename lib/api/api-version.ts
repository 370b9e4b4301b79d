/** The orchestration API that is spoken, as clients send it in X-PREFECT-API-VERSION. */
export const API_VERSION = '0.8.4'
