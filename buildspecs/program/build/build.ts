import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { CredentialsProps } from '../credentials/engine-credentials.ts';
import type { Engine } from '../engine/engine.ts';
import type { ProviderCache } from '../providers/provider-cache.ts';
import { PhaseError } from './failure.ts';
import type { Phase } from './phases.ts';
import type { WorkPaths } from './work-paths.ts';

/** What a build finds where it runs; tests put stand-ins in the place of the engine and the bucket. */
export interface Machine {
  /** Of the process; STAGEGATE_… variables are parsed from it, the rest is passed on to the engine. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  artifacts(bucket: string, prefix: string): Artifacts;
  /** The packages of providers that the installation keeps. */
  providerCache(bucket: string): ProviderCache;
  /** Redeems the build's ticket: the variables by which the engine finds its credentials. Throws CredentialsError. */
  credentials(props: CredentialsProps): Promise<Readonly<Record<string, string>>>;
  /** Makes an engine ready to run, installing it into the directory where it is not on the machine, until it is stopped. */
  engine(available: AvailableEngine, directory: string, stop: AbortSignal): Promise<Engine>;
  /** A line of the build log. */
  readonly log: (line: string) => void;
  /** Aborts when the build is told to stop. */
  readonly stop: AbortSignal;
}

/** One build under way: what it was told, where it works, and how far it is. */
export class Build<Variables> {
  readonly variables: Variables;
  readonly paths: WorkPaths;
  readonly machine: Machine;
  readonly artifacts: Artifacts;
  /** Values that must not appear in anything that is shown or kept. */
  readonly secrets: string[] = [];
  /** Variables by which the engine finds its credentials; none before the ticket was redeemed. */
  engineCredentials: Readonly<Record<string, string>> = {};
  /** Seconds that the engine ran, by step. */
  readonly engineSeconds: Record<string, number> = {};
  /** Aborts when the build is told to stop, and when it ends: for what nobody needs the results of then. */
  readonly stop: AbortSignal;
  private readonly ending = new AbortController();
  private readonly goingOn: Promise<unknown>[] = [];
  private readonly startedAt = performance.now();
  private current: Phase;

  constructor(phase: Phase, facts: Pick<Build<Variables>, 'variables' | 'paths' | 'machine' | 'artifacts'>) {
    this.current = phase;
    this.variables = facts.variables;
    this.paths = facts.paths;
    this.machine = facts.machine;
    this.artifacts = facts.artifacts;
    this.stop = AbortSignal.any([facts.machine.stop, this.ending.signal]);
  }

  /** What the result names when something fails. */
  get phase(): Phase {
    return this.current;
  }

  /** Begins the next phase, unless the build was told to stop. */
  enter(phase: Phase): void {
    this.current = phase;
    this.requireGoingOn();
  }

  /** Begins a phase that happens although the build was told to stop: what was applied must be told. */
  finish(phase: Phase): void {
    this.current = phase;
  }

  requireGoingOn(): void {
    if (this.machine.stop.aborted)
      throw new PhaseError(this.current, `the build was stopped in phase "${this.current}"`, { reason: 'stopped' });
  }

  /** What writes files beside the phases. It fails for whoever waits for it, and the build ends after it. */
  beside<T>(work: Promise<T>): Promise<T> {
    this.goingOn.push(work.catch(() => undefined));
    return work;
  }

  /** Stops what goes on beside, and waits for the end of it. */
  async end(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.goingOn);
  }

  log(line: string): void {
    this.machine.log(line);
  }

  seconds(): { total: number; engine: Record<string, number> } {
    return { total: secondsSince(this.startedAt), engine: this.engineSeconds };
  }
}

/** Seconds since an instant of the performance clock, to the millisecond. */
export const secondsSince = (startedAt: number): number => Math.round(performance.now() - startedAt) / 1000;
