import { type PlanReads, planReadsBy } from '../../../lambdas/domain/contract/plan-reads.ts';
import { type Diagnostic, PhaseError } from '../build/failure.ts';

/** Something that a plan was refused to read, and how it would be given. */
interface DeniedRead {
  /** As IAM names it, in the case of whoever named it. */
  readonly action: string;
  readonly reads: PlanReads;
  /** To list in the parameter; undefined where AWS does not say which it is. */
  readonly listed: string | undefined;
  /** Of the configuration, where the ARN has to be found by hand. */
  readonly address: string | undefined;
}

/** The sentence of AWS; services leave the resource away or quote it, and may name the policy behind it. */
const EXPLICIT_DENY =
  /is not authorized to perform: ([a-z0-9-]+:\w+)(?: on resource: ((?:(?!is not authorized).)+?))? with an explicit deny in an identity-based policy/gi;

/** S3 answers HEAD without a body, so that nobody can say what was denied and why. */
const REFUSED_HEAD = /operation error S3: HeadObject, .*StatusCode: 403/i;

/** The backend, which reads the state, says it in no resource's name. */
const isOfResource = (text: string, address: string | undefined): boolean =>
  address !== undefined || /reading S3 (?:Bucket|Object) /i.test(text);

/** What the template denies to plans, and these diagnostics say was refused by a policy like it; each once. */
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
 * Never a wildcard that AWS put in the place of a name it did not find: listed, it would give everything. What a list of
 * the stack cannot hold stands for one character each.
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

/** As many as fit into a message before the engine's own words; the log has them all. */
const MOST_TOLD = 3;

/** The same failure; where a plan was refused data, it begins with what has to be named where. */
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
