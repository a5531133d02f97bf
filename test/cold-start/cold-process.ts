import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { FUNCTION_VARIABLES } from '../harness/function-variables.ts';

const StageSchema = z.object({ milliseconds: z.number(), cpuMilliseconds: z.number(), files: z.array(z.string()) });
const ReportSchema = z.object({
  /** The module is loaded. */
  imported: StageSchema,
  /** The handler has answered the event, if there was one. */
  answered: StageSchema,
  response: z.object({ statusCode: z.int(), body: z.string() }).optional(),
});
export type ColdReport = z.infer<typeof ReportSchema>;

interface ColdRun {
  /** Directory with the bundle. */
  readonly bundle: string;
  readonly mode: 'measure' | 'count';
  /** File of the bundle that is loaded, if not its handler. */
  readonly entry?: string;
  /** For the handler to answer. */
  readonly event?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
}

/** Loads a bundle in a fresh process that has nothing of this one's environment. */
export function runCold({ bundle, mode, entry = 'index.mjs', event, variables = {} }: ColdRun): Promise<ColdReport> {
  const url = pathToFileURL(join(bundle, entry)).href;
  const child = fork(
    join(import.meta.dirname, 'probe.mjs'),
    [url, mode, ...(event === undefined ? [] : [JSON.stringify(event)])],
    { env: { ...FUNCTION_VARIABLES, ...variables }, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  return new Promise((resolve, reject) => {
    let report: unknown;
    child.on('message', (message) => {
      report = message;
    });
    child.on('error', reject);
    child.on('close', () => {
      const parsed = ReportSchema.safeParse(report);
      if (parsed.success) resolve(parsed.data);
      else reject(new Error(`loading ${url}: ${complaints.trim() || parsed.error.message}`));
    });
  });
}

/** The loaded files of the bundle, Node.js's own left out, by name with their size compressed each by itself. */
export function gzippedSizes(urls: readonly string[], bundle: string): ReadonlyMap<string, number> {
  const own = urls.filter((url) => url.startsWith(`${pathToFileURL(bundle).href}/`)).map((url) => fileURLToPath(url));
  return new Map(own.map((file) => [basename(file), gzipSync(readFileSync(file)).length]));
}

export const sumOf = (sizes: ReadonlyMap<string, number>): number =>
  [...sizes.values()].reduce((sum, size) => sum + size, 0);
