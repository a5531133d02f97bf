import { Logger } from '@aws-lambda-powertools/logger';

/** The one logger. Messages are lower-case and constant, values are fields; never a token, a plan or a whole event. */
export const logger = new Logger({ serviceName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'stagegate' });

/** What the handlers need of it. */
export type Log = Pick<Logger, 'appendKeys' | 'info' | 'error'>;
