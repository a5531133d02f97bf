import type { AvailableEngine } from '../../../lambdas/domain/contract/build-environment-variables.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { CredentialsProps } from '../credentials/engine-credentials.ts';
import type { Engine } from '../engine/engine.ts';
import { redact } from '../engine/redact.ts';
import type { ProviderCache } from '../providers/provider-cache.ts';
import type { GitRepository } from '../source/git-objects.ts';
import type { NotCheckedOut } from '../source/not-checked-out.ts';
import { PhaseError } from './failure.ts';
import type { Phase } from './phases.ts';
import type { WorkPaths } from './work-paths.ts';

/** What a build uses of the machine on which it runs. Tests replace the engine and the bucket by stand-ins. */
export interface Machine {
  /** Variables of the process. STAGEGATE_… variables are parsed; `engineEnvironment` passes most on to the engine. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  artifacts(bucket: string, prefix: string): Artifacts;
  /** Opens the cache in which the installation keeps packages of providers. */
  providerCache(bucket: string): ProviderCache;
  /** Lists what a checkout of a commit does not have. Throws GitObjectError. */
  notCheckedOut(repository: GitRepository, commit: string): Promise<NotCheckedOut>;
  /** Redeems the ticket for variables by which the engine finds its credentials. Throws CredentialsError. */
  credentials(props: CredentialsProps): Promise<Readonly<Record<string, string>>>;
  /** Makes an engine ready to run. Installs it into the directory if the machine lacks it; `stop` aborts that. */
  engine(available: AvailableEngine, directory: string, stop: AbortSignal): Promise<Engine>;
  /** Prints a line of the build log. */
  readonly log: (line: string) => void;
  /** Aborts when the build is told to stop. */
  readonly stop: AbortSignal;
}

/** One running build: its variables, its files, and the phase that it has reached. */
export class Build<Variables> {
  readonly variables: Variables;
  readonly paths: WorkPaths;
  readonly machine: Machine;
  readonly artifacts: Artifacts;
  /** Values that must not appear in anything that is shown or kept. */
  readonly secrets: string[] = [];
  /** Variables by which the engine finds its credentials. Empty until the ticket is redeemed. */
  engineCredentials: Readonly<Record<string, string>> = {};
  /** Seconds that the engine ran, by step. */
  readonly engineSeconds: Record<string, number> = {};
  /** Aborts when the build is told to stop, and when it ends: for work whose results nobody needs after that. */
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

  /** Returns the current phase, which the result names if something fails. */
  get phase(): Phase {
    return this.current;
  }

  /** Begins the next phase, unless the build was told to stop. */
  enter(phase: Phase): void {
    this.current = phase;
    this.requireGoingOn();
  }

  /** Begins a phase that runs even if the build was told to stop, because the result must say what was applied. */
  finish(phase: Phase): void {
    this.current = phase;
  }

  requireGoingOn(): void {
    if (this.machine.stop.aborted)
      throw new PhaseError(this.current, `the build was stopped in phase "${this.current}"`, { reason: 'stopped' });
  }

  /**
   * Registers work that writes files while phases go on, and returns it. A failure of the work reaches the code that
   * awaits it. The build does not end before the work has ended.
   */
  beside<T>(work: Promise<T>): Promise<T> {
    this.goingOn.push(work.catch(() => undefined));
    return work;
  }

  /** Stops the work that was registered with `beside`, and waits until it has ended. */
  async end(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.goingOn);
  }

  /** Prints a line of the build log, without secrets. */
  log(line: string): void {
    this.machine.log(redact(line, this.secrets));
  }

  seconds(): { total: number; engine: Record<string, number> } {
    return { total: secondsSince(this.startedAt), engine: this.engineSeconds };
  }
}

/** Returns the seconds since an instant of the performance clock, rounded to milliseconds. */
export const secondsSince = (startedAt: number): number => Math.round(performance.now() - startedAt) / 1000;
