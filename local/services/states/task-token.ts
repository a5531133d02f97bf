import { randomBytes } from 'node:crypto';
import * as z from 'zod';

const TokenSchema = z.tuple([z.string(), z.string(), z.string()]);

/** The task that a token belongs to. */
export interface TokenTarget {
  readonly executionArn: string;
  readonly attemptId: string;
}

/** Makes a token that contains its target and a secret part that nobody can guess. */
export function createTaskToken({ executionArn, attemptId }: TokenTarget): string {
  const secret = randomBytes(16).toString('hex');
  return Buffer.from(JSON.stringify([executionArn, attemptId, secret])).toString('base64');
}

/** Reads a token without checking whether it is still valid. Returns undefined when the text is not a token. */
export function readTaskToken(token: string): TokenTarget | undefined {
  try {
    const [executionArn, attemptId] = TokenSchema.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
    return { executionArn, attemptId };
  } catch {
    return undefined;
  }
}
