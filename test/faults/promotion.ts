import type { Execution } from '../../local/asl/execution.ts';
import type { InjectedFault } from '../../local/door/faults.ts';
import type { FaultCloud } from './fault-cloud.ts';
import { waitFor } from './patient-client.ts';
import { ENVIRONMENTS, type EnvironmentName, PIPELINE, type WatchedApplication } from './watched-application.ts';

/** How a promotion to production went. */
export interface Outcome {
  /** What went otherwise than without a fault, in the order in which it happened. */
  readonly detours: readonly string[];
  /** What must not be: something lost, applied twice, or not released. */
  readonly problems: readonly string[];
}

/** Attempts to deploy to one environment; after the first failure the faults are over. */
const MOST_ATTEMPTS = 3;
/** Milliseconds without progress after which the reconciler is run, as its schedule does. Longer than the outages. */
const SLOW_MS = 20_000;

const isOver = ({ status }: Execution): boolean => status !== 'RUNNING';

/**
 * Brings an application from its registration to a release in production, while faults hit its calls. People and
 * tooling try again what fails; what has ended is deployed again after the faults.
 */
export async function promoteThrough(
  cloud: FaultCloud,
  application: WatchedApplication,
  faults: readonly InjectedFault[],
): Promise<Outcome> {
  const detours: string[] = [];
  const endFaults = () => {
    for (const fault of faults) fault.end();
  };
  try {
    await application.register();
    await application.push();
    for (const environment of ENVIRONMENTS) await new Leg({ cloud, application, environment, detours, endFaults }).go();
    return { detours, problems: await problemsOf(application) };
  } catch (error) {
    return { detours, problems: [error instanceof Error ? error.message : String(error)] };
  } finally {
    endFaults();
  }
}

interface LegProps {
  readonly cloud: FaultCloud;
  readonly application: WatchedApplication;
  readonly environment: EnvironmentName;
  readonly detours: string[];
  readonly endFaults: () => void;
}

/** The way of a release through one environment. */
class Leg {
  readonly #props: LegProps;

  constructor(props: LegProps) {
    this.#props = props;
  }

  async go(): Promise<void> {
    const { application, environment, endFaults, detours } = this.#props;
    if (environment === 'prod1') await application.promote(environment);
    for (let attempt = 1; ; attempt++) {
      const execution = await this.#pass(attempt);
      if (execution.status === 'SUCCEEDED') return;
      endFaults();
      await this.#isFree();
      const [newest] = await application.deployments(environment);
      const reason = newest?.error ? ` (${newest.error.reason})` : '';
      detours.push(
        newest?.status === 'succeeded'
          ? `${environment} succeeded, and the reconciler released it`
          : `${environment} ended ${newest?.status}${reason}`,
      );
      if (newest?.status === 'succeeded') return;
      if (attempt === MOST_ATTEMPTS) throw new Error(`${environment} ended ${newest?.status} after the faults`);
      await application.deploy(environment);
    }
  }

  /** Waits for the nth execution, approves what it asks for, and waits for its end. */
  async #pass(nth: number): Promise<Execution> {
    const { application, environment } = this.#props;
    const current = () => application.executions(environment)[nth - 1];
    await this.#wait(`execution ${nth}`, current);
    for (const gate of PIPELINE[environment].gates) {
      const end = () => (application.executions(environment)[nth - 1]?.status === 'RUNNING' ? undefined : 'ended');
      const link = await this.#wait(`the ${gate} gate`, () => application.takeLink(gate, environment) ?? end());
      if (link === 'ended') break;
      // If somebody decides before the task waits, another function resumes the workflow, and the recorded calls differ.
      const isWaiting = () => application.isWaiting(nth, gate, environment);
      const task = await this.#wait(`the task of the ${gate} gate`, async () =>
        (await isWaiting()) ? 'waits' : end(),
      );
      if (task === 'ended') break;
      await application.approve(link, environment);
    }
    return this.#wait('the end', () => {
      const execution = current();
      return execution && isOver(execution) ? execution : undefined;
    });
  }

  #isFree(): Promise<true> {
    const { application, environment } = this.#props;
    const look = async () => ((await application.environment(environment)).current === null ? true : undefined);
    return this.#wait('being free', look, 0);
  }

  async #wait<T>(what: string, look: () => T | undefined | Promise<T | undefined>, slowMs = SLOW_MS): Promise<T> {
    const { cloud, application, environment } = this.#props;
    const slowFrom = performance.now() + slowMs;
    const describe = () => `${what} of ${application.name} in ${environment}: ${describeExecutions(application)}`;
    return waitFor(describe, async () => {
      const found = await look();
      if (found === undefined && performance.now() > slowFrom) {
        await this.#redeliver();
        await cloud.reconcile();
      }
      return found;
    });
  }

  #isRedelivered = false;

  /** Sends a push again that ended in a queue for dead letters, as staff does after an alarm. */
  async #redeliver(): Promise<void> {
    const { application, environment, detours, endFaults } = this.#props;
    const isLost = application.hasDeadLetter();
    if (this.#isRedelivered || !isLost || application.executions(environment).length > 0) return;
    this.#isRedelivered = true;
    endFaults();
    detours.push(`an event for ${environment} became a dead letter`);
    if (environment === 'dev1') await application.push();
  }
}

const describeExecutions = (application: WatchedApplication): string =>
  JSON.stringify(
    ENVIRONMENTS.flatMap((name) =>
      application.executions(name).map(({ name: id, status, error, position }) => ({
        id,
        status,
        error,
        state: position?.state,
      })),
    ),
  );

/** Returns what was lost or doubled on the way. */
async function problemsOf(application: WatchedApplication): Promise<string[]> {
  const problems: string[] = [];
  for (const name of ENVIRONMENTS) {
    const { deployed, current, queued } = await waitFor(
      () => `${name} of ${application.name} to be free`,
      async () => {
        const environment = await application.environment(name);
        return environment.current === null ? environment : undefined;
      },
    );
    if (current || queued) problems.push(`${name} is not free`);
    if (deployed?.release !== 1) problems.push(`${name} runs release ${deployed?.release}`);
    const applied = application.applied(name);
    if (new Set(applied).size < applied.length) problems.push(`a plan was applied twice in ${name}`);
    const deployments = await application.deployments(name);
    const [newest] = deployments;
    if (applied.length === 0 || applied.length > deployments.length)
      problems.push(`${name} has ${deployments.length} deployments and ${applied.length} applies`);
    const approvals = newest?.gates.map(({ gate, approvals }) => `${gate} ${approvals.length}`).join();
    const wanted = PIPELINE[name].gates.map((gate) => `${gate} 1`).join();
    if (approvals !== wanted) problems.push(`${name} has the approvals "${approvals}"`);
  }
  if (!(await application.isAuditWhole())) problems.push('the audit is broken');
  return problems;
}
