import { type PlanReads, planReadsBy } from '../../../lambdas/domain/contract/plan-reads.ts';
import { type Diagnostic, PhaseError } from '../build/failure.ts';

/** Something that a plan was not allowed to read, and how to allow it. */
interface DeniedRead {
  /** Action as IAM names it, in upper and lower case as the error spells it. */
  readonly action: string;
  readonly reads: PlanReads;
  /** What to list in the parameter; undefined if AWS does not say what was read. */
  readonly listed: string | undefined;
  /** Address in the configuration, by which people can find the ARN. */
  readonly address: string | undefined;
}

/** The sentence of AWS. Some services leave the resource out or quote it, and some name the policy after it. */
const EXPLICIT_DENY =
  /is not authorized to perform: ([a-z0-9-]+:\w+)(?: on resource: ((?:(?!is not authorized).)+?))? with an explicit deny in an identity-based policy/gi;

/** A refused HEAD request: S3 answers it without a body, so the error does not say what was denied and why. */
const REFUSED_HEAD = /operation error S3: HeadObject, .*StatusCode: 403/i;

/** Returns whether an error belongs to a resource. Errors of the backend, which reads the state, name no resource. */
const isOfResource = (text: string, address: string | undefined): boolean =>
  address !== undefined || /reading S3 (?:Bucket|Object) /i.test(text);

/**
 * Returns the reads that these diagnostics report as refused by a policy, and that the template denies to plans. Each
 * read occurs once.
 */
export function deniedReadsIn(diagnostics: readonly Diagnostic[]): readonly DeniedRead[] {
  const found = diagnostics
    .filter(({ severity }) => severity === 'error')
    .flatMap(({ summary, detail = '', address }): DeniedRead[] => {
      const text = `${summary} ${detail}`.replace(/\s+/g, ' ');
      if (REFUSED_HEAD.test(text))
        return isOfResource(text, address) ? deniedRead('s3:GetObject', undefined, address) : [];
      return [...text.matchAll(EXPLICIT_DENY)].flatMap(([, action = '', resource]) =>
        deniedRead(action, resource, address),
      );
    });
  return [...new Map(found.map((read) => [describe(read), read])).values()];
}

function deniedRead(action: string, resource: string | undefined, address: string | undefined): DeniedRead[] {
  const reads = planReadsBy(action);
  return reads ? [{ action, reads, listed: whatToList(reads, resource), address }] : [];
}

/**
 * Returns what to list in the parameter. Never returns an ARN in which AWS put a wildcard in place of a name that it
 * did not find: if listed, that would allow everything. Characters that a list of the stack cannot contain become `?`,
 * which matches any one character.
 */
function whatToList({ given }: PlanReads, resource: string | undefined): string | undefined {
  if (given === 'whole') return '*';
  const arn = resource?.replaceAll('"', '').replaceAll(/[\s,]/g, '?');
  return arn?.startsWith('arn:') && !arn.includes('*') ? arn : undefined;
}

function describe({ action, reads: { parameter }, listed, address }: DeniedRead): string {
  const where = address === undefined ? '' : ` by ${address}`;
  return listed === undefined
    ? `${action}${where} needs the ARN of what it reads in ${parameter}`
    : `${action} needs ${parameter}=${listed}`;
}

/** As many reads as fit into a message before the engine's own text. The log has all of them. */
const MOST_TOLD = 3;

/** Returns the same failure. If a plan was not allowed to read data, its message begins with what to list where. */
export function withDeniedReads(error: unknown, log: (line: string) => void): unknown {
  if (!(error instanceof PhaseError)) return error;
  const denied = deniedReadsIn(error.diagnostics);
  if (denied.length === 0) return error;
  const lines = denied.map(describe);
  log(
    `Plans read data only where the stack of the environment's roles names it (docs/operations.md, "What plans may read"):`,
  );
  for (const line of lines) log(`  ${line}`);
  const more = lines.length > MOST_TOLD ? ` and ${lines.length - MOST_TOLD} more, see the log` : '';
  const told = `plans read data only where the stack of the environment's roles names it: ${lines.slice(0, MOST_TOLD).join('; ')}${more}`;
  const { phase, message, reason, diagnostics } = error;
  return new PhaseError(phase, `${told} (${message})`, { diagnostics, ...(reason === undefined ? {} : { reason }) });
}
