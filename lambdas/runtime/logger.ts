import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The logger of all functions. Messages are lower-case and constant, and values are fields. Tokens, plans and whole
 * events are never logged.
 */
export const logger = new Logger({ serviceName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'stagegate' });

/** The part of the logger that handlers use. */
export type Log = Pick<Logger, 'appendKeys' | 'info' | 'error'>;
