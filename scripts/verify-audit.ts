import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import { type AuditHead, emptyChain, proveNext } from '../lambdas/domain/model/audit.ts';
import { AuditUnreadableError, readAudit } from './audit-api.ts';
import { asksForHelp, type CommandLine, parseOptions, UsageError } from './command-line.ts';

const USAGE = `usage: npm run audit:verify -- --url URL --application APP [options]
       npm run audit:verify -- --file AUDIT.jsonl [options]

  --url URL           address of the API (stack output ApiUrl); requests are signed with your AWS credentials, and
                      sent without a signature to the local cloud
  --application APP   whose audit
  --region REGION     of the API, if its address does not say
  --principal NAME    caller in the local cloud (admin@local)
  --save FILE         also write the entries to this file, one JSON object a line
  --file FILE         entries saved before, instead of an API
  --known N:HASH      an end of the chain you noted earlier: it must still be part of it

Exit code 0: proven; 1: broken, and where; 2: it could not be read.
`;

const KnownSchema = z
  .string()
  .regex(/^\d{1,10}:[0-9a-f]{64}$/, 'as in 12:<64 hexadecimal digits>')
  .transform((text) => text.split(':'))
  .transform(([sequence, hash = '']) => ({ sequence: Number(sequence), hash }));
const OptionsSchema = z
  .object({
    url: z.url({ protocol: /^https?$/ }).optional(),
    application: z.string().optional(),
    region: z.string().optional(),
    principal: z.string().default('admin@local'),
    save: z.string().optional(),
    file: z.string().optional(),
    known: KnownSchema.optional(),
  })
  .refine(({ url, file }) => (url === undefined) !== (file === undefined), { error: 'give --url or --file' })
  .refine(({ url, application }) => !url || application, { error: 'give --application beside --url' });

function readOptions(args: string[]): z.infer<typeof OptionsSchema> {
  const text = { type: 'string' } as const;
  const options = { url: text, application: text, region: text, principal: text, save: text, file: text, known: text };
  return parseOptions(OptionsSchema, args, options);
}

interface Audit {
  readonly application: string;
  /** The end of the chain according to the API. */
  readonly head?: Pick<AuditHead, 'sequence' | 'hash'>;
  readonly entries: AsyncIterable<unknown>;
}

async function* linesOf(path: string): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY }))
    if (line.trim() !== '') yield parseLine(line);
}

/** Parses a line. Returns undefined when it is no JSON, which then counts as a broken link. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function openAudit(options: z.infer<typeof OptionsSchema>, directory: string): Promise<Audit> {
  const { url, application, file: name = '', region, principal } = options;
  if (url && application) return { application, ...(await readAudit({ url, application, region, principal })) };
  const file = resolve(directory, name);
  return { application: application ?? (await applicationIn(linesOf(file))), entries: linesOf(file) };
}

const NamedSchema = z.object({ application: z.string() });

/** Returns the application of the audit, which its first entry names. */
async function applicationIn(entries: AsyncIterable<unknown>): Promise<string> {
  for await (const entry of entries) return NamedSchema.safeParse(entry).data?.application ?? '';
  return '';
}

/** Follows the chain from its beginning. Returns its end, or a description of the first broken link. */
async function prove(
  { application, head, entries }: Audit,
  known: z.infer<typeof KnownSchema> | undefined,
  save: WriteStream | undefined,
): Promise<{ head: AuditHead } | { broken: string }> {
  let proven = emptyChain(application);
  const anchors = [
    ...(known ? [{ ...known, whose: 'the end you noted' }] : []),
    ...(head ? [{ ...head, whose: 'the end the record says' }] : []),
  ];
  try {
    for await (const entry of entries) {
      const proof = proveNext(proven, entry);
      if (!proof.proven) return { broken: `entry ${proven.sequence + 1}: ${proof.why}` };
      proven = proof.head;
      save?.write(`${JSON.stringify(entry)}\n`);
      const wrong = anchors.find(({ sequence, hash }) => sequence === proven.sequence && hash !== proven.hash);
      if (wrong)
        return { broken: `entry ${proven.sequence}: it has the hash ${proven.hash}, ${wrong.whose} ${wrong.hash}` };
    }
  } catch (error) {
    if (!(error instanceof AuditUnreadableError)) throw error;
    return { broken: `entry ${proven.sequence + 1}: ${error.message}` };
  }
  const cut = anchors.find(({ sequence }) => sequence > proven.sequence);
  if (cut) return { broken: `entry ${proven.sequence + 1}: it is missing, ${cut.whose} is entry ${cut.sequence}` };
  return { head: proven };
}

async function verify({ args, directory, print, complain }: CommandLine): Promise<number> {
  const options = readOptions(args);
  const save = options.save === undefined ? undefined : createWriteStream(resolve(directory, options.save));
  const saved = save && finished(save);
  // An error of the stream is reported below, when all is proven. Without a handler it would end the process before.
  saved?.catch(() => undefined);
  const audit = await openAudit(options, directory);
  const result = await prove(audit, options.known, save);
  save?.end();
  await saved;
  if ('broken' in result) {
    complain(`audit of "${audit.application}" is broken at ${result.broken}\n`);
    return 1;
  }
  const { sequence, hash } = result.head;
  print(`audit of "${audit.application}": ${sequence} entries, every link holds\n`);
  print(`its end, to be noted elsewhere and given as --known next time: ${sequence}:${hash}\n`);
  return 0;
}

/** Proves an application's audit or reports its first broken link. Returns the exit code. */
export async function verifyAudit(line: CommandLine): Promise<number> {
  if (asksForHelp(line.args)) {
    line.print(USAGE);
    return 0;
  }
  try {
    return await verify(line);
  } catch (error) {
    line.complain(`audit:verify: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) line.complain(USAGE);
    return 2;
  }
}
