/** Terraform addresses: `module.tenant["a.b"].aws_subnet.public[0]`. Keys may hold dots, brackets, quotes and slashes. */

/** Splits an address at the dots that are not inside brackets: `module`, `tenant["a.b"]`, `aws_subnet`, `public[0]`. */
export function segmentsOf(address: string): string[] {
  const segments: string[] = [];
  let start = 0;
  let inBrackets = false;
  let inQuotes = false;
  for (let at = 0; at < address.length; at++) {
    const char = address[at];
    if (inQuotes) {
      if (char === '\\') at++;
      else if (char === '"') inQuotes = false;
    } else if (char === '"') inQuotes = true;
    else if (char === '[') inBrackets = true;
    else if (char === ']') inBrackets = false;
    else if (char === '.' && !inBrackets) {
      segments.push(address.slice(start, at));
      start = at + 1;
    }
  }
  segments.push(address.slice(start));
  return segments;
}

/** Removes the index: `public[0]` becomes `public`. */
export const withoutIndex = (segment: string): string => {
  const bracket = segment.indexOf('[');
  return bracket === -1 ? segment : segment.slice(0, bracket);
};

/** A module of the configuration (names) and one of its instances (names with keys), the outermost module first. */
export interface ModuleInstance {
  readonly names: readonly string[];
  /** For each name, the key of `count` or `for_each` as `[…]`, or an empty text. */
  readonly keys: readonly string[];
}

export const ROOT_MODULE: ModuleInstance = { names: [], keys: [] };

/**
 * Parses a module address: `module.tenant["acme"].module.logs` has the names `tenant` and `logs`, and a key for the
 * first only.
 */
export function parseModuleAddress(address: string | undefined): ModuleInstance {
  if (!address) return ROOT_MODULE;
  const names: string[] = [];
  const keys: string[] = [];
  const segments = segmentsOf(address);
  for (let at = 0; at + 1 < segments.length && segments[at] === 'module'; at += 2) {
    const call = segments[at + 1] ?? '';
    const name = withoutIndex(call);
    names.push(name);
    keys.push(call.slice(name.length));
  }
  return { names, keys };
}

/** Returns the first `depth` steps of a module instance as an address; the root has an empty address. */
export const instanceAddress = ({ names, keys }: ModuleInstance, depth = names.length): string =>
  names
    .slice(0, depth)
    .map((name, step) => `module.${name}${keys[step] ?? ''}`)
    .join('.');

/** Returns the address of a module in the configuration, without keys: `module.tenant.module.logs`. */
export const moduleAddress = (names: readonly string[]): string => names.map((name) => `module.${name}`).join('.');

/** Joins a module address and something inside it. */
export const within = (module: string, inner: string): string => (module ? `${module}.${inner}` : inner);
