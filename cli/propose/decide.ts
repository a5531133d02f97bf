import { isLocal } from '../../lambdas/domain/plan/modules/module-source.ts';
import type { Argument, Literal, WrittenCall } from './call-texts.ts';
import { exactVersion } from './constraint.ts';
import { decideByVersion, decideGitRef, type GitCall, type ModuleRepository } from './git-ref.ts';
import { type Decision, type Edit, type Proposal, type RanModule, undecided } from './proposal.ts';
import { decideRegistryVersion } from './registry-version.ts';
import { RepositoryError } from './repository-error.ts';
import { encodedRef, isSameModule, type ModuleSource, readSource } from './source.ts';

/** A module call of the directory, with the file in which it stands. */
export interface PlacedCall extends WrittenCall {
  /** Path in the working copy. */
  readonly file: string;
}

export interface Surroundings {
  /** The environment that the versions are taken from. */
  readonly from: string;
  /** What it runs, nested calls too. */
  readonly ran: readonly RanModule[];
  /** Opens the repository of a module. Throws RepositoryError. */
  readonly open: (url: string) => Promise<ModuleRepository>;
}

/** The text that would be changed, and what it says now. */
interface Target {
  readonly literal: Literal;
  readonly start: number;
  readonly end: number;
  readonly now: string;
  readonly encode: (text: string) => string;
}

/** Decides about every call of a directory. `calls`: all of its files. Nested calls are not among them. */
export async function decideAll(calls: readonly PlacedCall[], around: Surroundings): Promise<Proposal[]> {
  const proposals: Proposal[] = [];
  for (const call of calls) {
    const twins = calls.filter(({ name }) => name === call.name);
    proposals.push(await decideOne(call, twins, around));
  }
  return proposals;
}

async function decideOne(call: PlacedCall, twins: readonly PlacedCall[], around: Surroundings): Promise<Proposal> {
  const target = targetOf(call);
  const decision = twins.length > 1 ? writtenTwice(twins) : await decide(call, target, around);
  const facts = {
    call: `module.${call.name}`,
    file: call.file,
    line: call.line,
    now: 'now' in target ? target.now : null,
    reason: decision.reason,
  };
  if (decision.verdict !== 'change') return { ...facts, verdict: decision.verdict, ran: decision.ran ?? null };
  const edit = 'now' in target ? editOf(target, decision.to) : undefined;
  return edit
    ? { ...facts, verdict: 'change', ran: decision.to, edit }
    : { ...facts, verdict: 'undecided', ran: decision.to, reason: `"${decision.to}" cannot stand in a text as it is` };
}

const writtenTwice = (twins: readonly PlacedCall[]): Decision =>
  undecided(
    `the call is written ${twins.length} times: ${twins.map(({ file, line }) => `${file}:${line}`).join(', ')}`,
  );

/** What a version or ref may consist of. Nothing in it begins an escape or a template. */
const PLAIN = /^[\w.+~/%@=-]+$/;

function editOf({ literal, start, end, encode }: Target, to: string): Edit | undefined {
  const text = encode(to);
  return PLAIN.test(text) ? { ...literal.placeOf(start, end), text } : undefined;
}

const LOCAL = 'a local path has no version: it is what the same commit contains';

/** Finds the text that says which version a call has, or the reason why there is none. */
function targetOf(call: WrittenCall): (Target & { readonly source: ModuleSource }) | { readonly missing: string } {
  const written = onlyText('source', call.source);
  if ('missing' in written) return written;
  const source = readSource(written.value);
  if (source.kind === 'local') return { missing: LOCAL };
  if (source.kind === 'registry') {
    if (call.version.length === 0) return { missing: 'it has no version argument, so the newest version counts' };
    const version = onlyText('version', call.version);
    if ('missing' in version) return version;
    const { start, end } = exactVersion(version.value) ?? { start: 0, end: version.value.length };
    return { source, literal: version, start, end, now: version.value, encode: (text) => text };
  }
  if (source.kind === 'other')
    return { missing: 'only versions of registry modules and refs of git modules are written' };
  const [ref, ...more] = source.refs;
  if (!ref) return { missing: 'its source names no ref, so the newest commit counts' };
  if (more.length > 0) return { missing: 'its source names more than one ref' };
  return { source, literal: written, start: ref.start, end: ref.end, now: ref.value, encode: encodedRef };
}

function onlyText(name: string, found: readonly Argument[]): Literal | { readonly missing: string } {
  const [argument, ...more] = found;
  if (!argument) return { missing: `it has no ${name}` };
  if (more.length > 0) return { missing: `its ${name} is written twice` };
  return argument.literal ?? { missing: `its ${name} is an expression, and no text in quotes` };
}

async function decide(
  call: PlacedCall,
  target: ReturnType<typeof targetOf>,
  { from, ran: all, open }: Surroundings,
): Promise<Decision> {
  if ('missing' in target) {
    const namesake = all.find((ran) => ran.call === `module.${call.name}`);
    if (target.missing === LOCAL && namesake && isLocal(namesake.source))
      return { verdict: 'same', ran: namesake.version, reason: `a local path, as in ${from}` };
    return undecided(target.missing, namesake?.version);
  }
  const { source, now } = target;
  const found = counterpartOf(call, source, all);
  if ('missing' in found) return undecided(`${from} ${found.missing}`);
  const { ran, ranSource } = found;
  if (ran.inUse === false) return undecided(`nothing of ${ran.call} stands in ${from}, so it proves nothing`);
  if (source.kind === 'registry') {
    if (ranSource.kind === 'local')
      return undecided(`${from} uses a local path, and a registry tells no contents of its versions`);
    return decideRegistryVersion(now, ran.version, from);
  }
  return decideByRepository({ source, ref: now, ran, ranRef: ranSource.refs[0]?.value, from }, open);
}

/** Without its repository, a module can be judged by the versions in its refs only. */
async function decideByRepository(call: GitCall, open: Surroundings['open']): Promise<Decision> {
  try {
    return await decideGitRef(call, await open(call.source.url ?? ''));
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    const { ranRef, from } = call;
    const reason = `ran in ${from}; its content could not be compared: ${error.message}`;
    return (
      (ranRef === undefined ? undefined : decideByVersion(call, ranRef, reason)) ?? undecided(error.message, ranRef)
    );
  }
}

/** Finds what ran for a call: the call of the same name, or else the calls of the same module if they ran one version. */
function counterpartOf(
  { name }: WrittenCall,
  source: ModuleSource,
  all: readonly RanModule[],
): { readonly ran: RanModule; readonly ranSource: ModuleSource } | { readonly missing: string } {
  const inRoot = all
    .filter(({ call }) => call.split('.').length === 2)
    .map((ran) => ({ ran, ranSource: readSource(ran.source) }));
  const namesake = inRoot.find(({ ran }) => ran.call === `module.${name}`);
  if (namesake) {
    const { ranSource, ran } = namesake;
    if (ranSource.kind === 'local' || isSameModule(ranSource, source)) return namesake;
    return { missing: `takes module.${name} from elsewhere: ${ran.source}` };
  }
  const [first, ...others] = inRoot.filter(({ ranSource }) => isSameModule(ranSource, source));
  if (!first) return { missing: 'runs no call of this name, and none of this module' };
  const isOne = others.every(({ ran }) => ran.version === first.ran.version && ran.source === first.ran.source);
  return isOne ? first : { missing: 'runs this module in several versions, under other names' };
}
