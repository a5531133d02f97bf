import { createHash } from 'node:crypto';

/** Longest result of `$range` and `$partition` that Step Functions accepts. */
const MAX_ITEMS = 1000;

const HASH_ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Source of random values and time for the functions of an expression. */
export interface Chance {
  /** A number in [0, 1). */
  random(): number;
  uuid(): string;
  /** Milliseconds since 1970; the clock of the machine if it is absent. */
  now?(): number;
}

/**
 * Returns the functions that Step Functions adds to JSONata 2.0.6. `$eval`, which Step Functions removes, is undefined:
 * calling it fails like calling a non-function, as on AWS.
 */
export function queryFunctions(chance: Chance): Record<string, unknown> {
  return {
    eval: undefined,
    uuid: () => chance.uuid(),
    millis: () => chance.now?.() ?? Date.now(),
    parse: (text: unknown) => JSON.parse(stringArgument('parse', text)),
    random: (seed?: unknown) => (seed === undefined ? chance.random() : seededRandom(integerArgument('random', seed))),
    hash: (content: unknown, algorithm: unknown = 'SHA-256') => {
      const name = HASH_ALGORITHMS[String(algorithm)];
      if (name === undefined) throw new Error(`unknown algorithm of $hash: ${String(algorithm)}`);
      return createHash(name).update(stringArgument('hash', content)).digest('hex');
    },
    range: (first: unknown, last: unknown, step: unknown) =>
      range(integerArgument('range', first), integerArgument('range', last), integerArgument('range', step)),
    partition: (items: unknown, size: unknown) => {
      if (!Array.isArray(items)) throw new Error('the first argument of $partition must be an array');
      return partition(items, integerArgument('partition', size));
    },
  };
}

function range(first: number, last: number, step: number): number[] {
  if (step === 0) throw new Error('the step of $range must not be 0');
  const count = Math.max(0, Math.floor((last - first) / step) + 1);
  if (count > MAX_ITEMS) throw new Error(`$range makes ${count} items, at most ${MAX_ITEMS} are allowed`);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

function partition(items: readonly unknown[], size: number): unknown[][] {
  if (size < 1) throw new Error(`the chunk size of $partition must be at least 1, not ${size}`);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Returns the same number for the same seed; a hash spreads the numbers. */
function seededRandom(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUInt32BE(0) / 2 ** 32;
}

function stringArgument(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`the first argument of $${name} must be a string`);
  return value;
}

function integerArgument(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`$${name} takes whole numbers`);
  return value;
}
