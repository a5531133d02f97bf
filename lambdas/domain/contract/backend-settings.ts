import * as z from 'zod';

/**
 * Returns whether a path, seen from the directory of an environment, stays within that of its application:
 * `apps/<application>/`, which is one level above.
 */
function staysInApplication(path: string): boolean {
  let depth = 1;
  for (const part of path.split('/')) {
    if (part === '' || part === '.') return false;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return !path.endsWith('..');
}

/**
 * A file with settings of a backend, as a path from the environment's directory. The engine takes an argument with "="
 * for a setting and not for a file.
 */
export const BackendConfigFileSchema = z
  .string()
  .max(300)
  .regex(/^[^=\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'a path without "=", "\\" and characters that nobody sees')
  .refine(staysInApplication, "a path from the environment's directory that stays within apps/<application>/");

/** The name of a DynamoDB table. */
export const LockTableSchema = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'the name of a DynamoDB table');
