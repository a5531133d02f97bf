import type { PrimarySource } from './source.ts';

/** Phases of a build, in their order. */
export type BuildPhase =
  | 'SUBMITTED'
  | 'QUEUED'
  | 'PROVISIONING'
  | 'DOWNLOAD_SOURCE'
  | 'INSTALL'
  | 'PRE_BUILD'
  | 'BUILD'
  | 'POST_BUILD'
  | 'UPLOAD_ARTIFACTS'
  | 'FINALIZING'
  | 'COMPLETED';

export type BuildStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'TIMED_OUT' | 'STOPPED';

export interface PhaseRecord {
  readonly phaseType: BuildPhase;
  /** Epoch seconds, like all times in CodeBuild's JSON. */
  readonly startTime: number;
  phaseStatus?: Exclude<BuildStatus, 'IN_PROGRESS'>;
  endTime?: number;
  durationInSeconds?: number;
  contexts?: { readonly statusCode: string; readonly message: string }[];
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  readonly type: 'PLAINTEXT';
}

/** A build as CodeBuild describes it in its API. */
export interface BuildRecord {
  readonly id: string;
  readonly arn: string;
  readonly projectName: string;
  readonly buildNumber: number;
  readonly initiator: string;
  readonly startTime: number;
  readonly serviceRole: string;
  readonly timeoutInMinutes: number;
  readonly queuedTimeoutInMinutes: number;
  readonly source: PrimarySource & { readonly buildspec: string };
  readonly secondarySources: readonly {
    readonly type: string;
    readonly location: string;
    readonly sourceIdentifier: string;
  }[];
  readonly sourceVersion?: string;
  readonly environment: {
    readonly type: string;
    readonly image: string;
    readonly computeType: string;
    readonly environmentVariables: readonly EnvironmentVariable[];
  };
  readonly artifacts: { readonly location: string };
  readonly phases: PhaseRecord[];
  endTime?: number;
  currentPhase: BuildPhase;
  buildStatus: BuildStatus;
  buildComplete: boolean;
  resolvedSourceVersion?: string;
  exportedEnvironmentVariables: { readonly name: string; readonly value: string }[];
}

const now = () => Date.now() / 1000;

/** Ends the running phase with its outcome. */
export function endPhase(
  build: BuildRecord,
  phaseStatus: PhaseRecord['phaseStatus'],
  problem?: { statusCode: string; message: string },
): void {
  const phase = build.phases.at(-1);
  if (!phase || phase.endTime !== undefined) return;
  phase.endTime = now();
  phase.durationInSeconds = Math.round(phase.endTime - phase.startTime);
  phase.phaseStatus = phaseStatus;
  phase.contexts = [problem ?? { statusCode: '', message: '' }];
}

/** Begins a phase. The phase before it has succeeded if it is still open. */
export function beginPhase(build: BuildRecord, phaseType: BuildPhase): void {
  endPhase(build, 'SUCCEEDED');
  build.phases.push({ phaseType, startTime: now() });
  build.currentPhase = phaseType;
}

/** Records how the build ended. */
export function endBuild(build: BuildRecord, status: Exclude<BuildStatus, 'IN_PROGRESS'>): void {
  endPhase(build, build.currentPhase === 'FINALIZING' ? 'SUCCEEDED' : status);
  build.phases.push({ phaseType: 'COMPLETED', startTime: now() });
  build.currentPhase = 'COMPLETED';
  build.buildStatus = status;
  build.buildComplete = true;
  build.endTime = now();
}
