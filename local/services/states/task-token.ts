import { randomBytes } from 'node:crypto';
import * as z from 'zod';

const TokenSchema = z.tuple([z.string(), z.string(), z.string()]);

/** What a task token leads to. */
export interface TokenTarget {
  readonly executionArn: string;
  readonly attemptId: string;
}

/** Makes a token nobody can guess, although it says what it belongs to. */
export function createTaskToken({ executionArn, attemptId }: TokenTarget): string {
  const secret = randomBytes(16).toString('hex');
  return Buffer.from(JSON.stringify([executionArn, attemptId, secret])).toString('base64');
}

/** Reads a token without saying whether it is still good; `undefined` when it is no token at all. */
export function readTaskToken(token: string): TokenTarget | undefined {
  try {
    const [executionArn, attemptId] = TokenSchema.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
    return { executionArn, attemptId };
  } catch {
    return undefined;
  }
}
