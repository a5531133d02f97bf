import { repositoryName } from '../../lambdas/domain/model/repository.ts';
import { isLocal, normalizedSource, withoutCredentials } from '../../lambdas/domain/plan/modules/module-source.ts';

/** A `ref` in the query of a source, with its place in the source. */
export interface SourceRef {
  /** The decoded value. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** The source of a module call, taken apart. */
export interface ModuleSource {
  readonly kind: 'local' | 'registry' | 'git' | 'other';
  /** The package and the directory in it, in the form in which sources are compared. No credentials. */
  readonly package: string;
  readonly directory: string;
  /** The address of a git repository as git takes it; may contain credentials. */
  readonly url?: string;
  /** Every `ref` in the query. */
  readonly refs: readonly SourceRef[];
}

const REGISTRY = /^(?:[\w-]+(?:\.[\w-]+)+(?::\d+)?\/)?[\w-]+\/[\w-]+\/[\w-]+$/;
/** Hosts whose sources the engine takes for git repositories, and how many parts of the path name one. */
const GIT_HOST = /^(?:github\.com|bitbucket\.org)\/[^/]+\/[^/]+/;
const SSH = /^[\w.-]+@[\w.-]+:/;

/** Takes a source apart. */
export function readSource(source: string): ModuleSource {
  const [address = ''] = source.split('?');
  const refs = refsIn(source);
  if (isLocal(source)) return { kind: 'local', package: '', directory: normalizedSource(source), refs };
  const { outer, directory } = splitDirectory(address);
  const forced = /^([a-z0-9]+)::/.exec(outer)?.[1];
  const plain = outer.replace(/^[a-z0-9]+::/, '');
  if (forced === undefined && REGISTRY.test(outer) && !GIT_HOST.test(outer))
    return { kind: 'registry', package: normalizedSource(outer).toLowerCase(), directory, refs };
  const onHost = GIT_HOST.exec(plain)?.[0];
  if (forced === 'git' || (forced === undefined && (onHost !== undefined || SSH.test(plain)))) {
    // `github.com/acme/repo/sub` names the directory without a second slash.
    const rest = forced === undefined && onHost !== undefined ? plain.slice(onHost.length + 1) : '';
    const url = onHost === undefined ? plain : `https://${rest === '' ? plain : onHost}`;
    const inside = [rest, directory].filter((part) => part !== '').join('/');
    return { kind: 'git', package: packageOf(url), directory: inside, url, refs };
  }
  return { kind: 'other', package: normalizedSource(withoutCredentials(outer)), directory, refs };
}

const packageOf = (url: string): string => repositoryName(withoutCredentials(url).replace(/\/+$/, ''));

/** Splits a package from the directory in it, which follows `//`. The slashes of `https://` are none. */
function splitDirectory(address: string): { outer: string; directory: string } {
  const scheme = address.indexOf('://');
  const at = address.indexOf('//', scheme === -1 ? 0 : scheme + 3);
  if (at === -1) return { outer: address.replace(/\/+$/, ''), directory: '' };
  return { outer: address.slice(0, at), directory: address.slice(at + 2).replace(/^\/+|\/+$/g, '') };
}

function refsIn(source: string): SourceRef[] {
  const question = source.indexOf('?');
  if (question === -1) return [];
  let start = question + 1;
  // What follows a `#` is no part of the query.
  const [query = ''] = source.slice(start).split('#', 1);
  return query.split('&').flatMap((pair) => {
    const [key = ''] = pair.split('=', 1);
    const from = start + key.length + 1;
    const end = start + pair.length;
    start = end + 1;
    if (key !== 'ref' || from > end) return [];
    return [{ value: decoded(source.slice(from, end)), start: from, end }];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}

/** Returns a ref as it stands in a query. */
export const encodedRef = (ref: string): string => encodeURIComponent(ref).replace(/%2F/g, '/');

/** Returns whether two sources are of one package and directory. */
export const isSameModule = (one: ModuleSource, other: ModuleSource): boolean =>
  one.kind === other.kind && one.package === other.package && one.directory === other.directory;
