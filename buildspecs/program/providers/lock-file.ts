import * as z from 'zod';
import { type HclAttribute, type HclBlock, parseHcl } from '../configuration/hcl.ts';

/** One provider in a dependency lock file (`.terraform.lock.hcl`). */
export interface LockedProvider {
  /** Address such as `registry.terraform.io/hashicorp/aws`. */
  readonly address: string;
  readonly host: string;
  readonly namespace: string;
  readonly type: string;
  readonly version: string;
  /** Hashes as the lock file writes them, of any scheme. */
  readonly hashes: readonly string[];
  /** SHA-256 digests of packages for any platform, which the lock file writes as `zh:`. */
  readonly zipHashes: readonly string[];
  /** Line in the lock file, counted from 1. */
  readonly line: number;
}

/** Thrown for a lock file that cannot be used. The message has one line for each mistake, with its place. */
export class LockFileError extends Error {
  override readonly name = 'LockFileError';
}

const LONGEST_TOLD = 100;

/** Most hashes `zh:` of one provider. No registry has packages for so many platforms. */
const MOST_ZIP_HASHES = 100;

// Addresses and versions become parts of paths and configuration, where none of their characters may have a meaning.
const AddressSchema = z
  .string()
  .regex(
    /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::\d{1,5})?(?:\/[A-Za-z0-9][\w-]{0,99}){2}$/,
    'must be an address like "registry.terraform.io/hashicorp/aws"',
  );
const VersionSchema = z
  .string({ error: 'must be a version like "5.100.0"' })
  .regex(
    /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/,
    'must be a version like "5.100.0"',
  )
  .max(100);
/** New schemes of hashes may come and are accepted. A hash that begins with `zh:` must have the right form. */
const NO_HASH = 'must be a hash like "zh:<64 hexadecimal digits>"';
const HashSchema = z
  .string({ error: `${NO_HASH}, as a plain text` })
  .regex(/^(?:zh:[0-9a-f]{64}|(?!zh:)[a-z0-9]+:[\w+/=-]+)$/, NO_HASH);

/** Reads the text of a lock file. Throws LockFileError, in which `name` stands for the file. */
export async function readLockFile(name: string, text: string): Promise<LockedProvider[]> {
  const { blocks, errorLine } = parseHcl(text);
  if (errorLine !== undefined) throw new LockFileError(`${name}:${errorLine}: this is no HCL`);
  const mistakes: string[] = [];
  const found = blocks
    .filter(({ type }) => type === 'provider')
    .flatMap((block) => readProvider(block, text, (line, what) => mistakes.push(`${name}:${line}: ${what}`)));
  found.forEach(({ address, line }, index) => {
    const first = found.findIndex((other) => other.address === address);
    if (first !== index) mistakes.push(`${name}:${line}: the provider "${address}" is there twice`);
  });
  if (mistakes.length > 0) throw new LockFileError(mistakes.join('\n'));
  return found;
}

type Report = (line: number, what: string) => void;

function readProvider(block: HclBlock, text: string, report: Report): LockedProvider[] {
  const [label, ...more] = block.labels;
  const attribute = (name: string) => block.attributes.find((candidate) => candidate.name === name);
  const address = check(
    AddressSchema,
    more.length === 0 ? label : undefined,
    'the address of a provider',
    block.line,
    report,
  );
  const given = attribute('version');
  const version = check(VersionSchema, given?.literal, 'version', given?.line ?? block.line, report);
  const hashes = readHashes(attribute('hashes'), text, report);
  if (address === undefined || version === undefined) return [];
  const [host = '', namespace = '', type = ''] = address.split('/');
  return [{ address, host, namespace, type, version, hashes, zipHashes: digestsIn(hashes), line: block.line }];
}

function readHashes(attribute: HclAttribute | undefined, text: string, report: Report): string[] {
  if (!attribute) return [];
  const { elements, line, expression } = attribute;
  if (!elements) {
    report(line, `hashes must be a plain list of texts, not ${JSON.stringify(expression.slice(0, LONGEST_TOLD))}`);
    return [];
  }
  // An element that has to be evaluated is a mistake: the engine could evaluate it to something else than this program.
  const hashes = new Set(
    elements.flatMap((hash) => check(HashSchema, hash, 'a hash', lineOf(hash, attribute, text), report) ?? []),
  );
  const { length } = digestsIn([...hashes]);
  if (length > MOST_ZIP_HASHES) report(attribute.line, `${length} hashes "zh:" are more than ${MOST_ZIP_HASHES}`);
  return [...hashes];
}

const digestsIn = (hashes: readonly string[]): string[] =>
  hashes.filter((hash) => hash.startsWith('zh:')).map((hash) => hash.slice('zh:'.length));

/** Finds the line of a hash, because the parser gives the elements of a list without their places. */
function lineOf(hash: unknown, { line }: HclAttribute, text: string): number {
  if (typeof hash !== 'string') return line;
  const index = text
    .split('\n')
    .slice(line - 1)
    .findIndex((candidate) => candidate.includes(`"${hash}"`));
  return line + Math.max(0, index);
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string, line: number, report: Report): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const given = value === undefined ? 'nothing' : JSON.stringify(value);
  report(line, `${what} ${result.error.issues[0]?.message ?? 'is wrong'}, not ${given}`);
  return undefined;
}
