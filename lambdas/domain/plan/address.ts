/** Terraform addresses: `module.tenant["a.b"].aws_subnet.public[0]`. Keys may hold dots, brackets, quotes and slashes. */

/** Splits at the dots that are not inside brackets: `module`, `tenant["a.b"]`, `aws_subnet`, `public[0]`. */
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

/** `public[0]` -> `public` */
export const withoutIndex = (segment: string): string => {
  const bracket = segment.indexOf('[');
  return bracket === -1 ? segment : segment.slice(0, bracket);
};

/** A module of the configuration (names) and one of its instances (names with keys), both outermost first. */
export interface ModuleInstance {
  readonly names: readonly string[];
  /** `[…]` with the key of `count` or `for_each`, or empty, per name. */
  readonly keys: readonly string[];
}

export const ROOT_MODULE: ModuleInstance = { names: [], keys: [] };

/** `module.tenant["acme"].module.logs` -> names tenant, logs; keys ["acme"], nothing. */
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

/** The first `depth` steps of a module instance as an address; the root is empty. */
export const instanceAddress = ({ names, keys }: ModuleInstance, depth = names.length): string =>
  names
    .slice(0, depth)
    .map((name, step) => `module.${name}${keys[step] ?? ''}`)
    .join('.');

/** Address of a module in the configuration, without keys: `module.tenant.module.logs`. */
export const moduleAddress = (names: readonly string[]): string => names.map((name) => `module.${name}`).join('.');

/** Joins a module address and something inside it. */
export const within = (module: string, inner: string): string => (module ? `${module}.${inner}` : inner);
