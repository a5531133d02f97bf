import type { Caller } from '../../door/wire.ts';
import type { BuildLog } from './build-log.ts';
import type { BuildRecord } from './build-record.ts';
import type { Project } from './project.ts';

/** A build that is to be run. */
export interface RunRequest {
  readonly build: BuildRecord;
  readonly project: Project;
  readonly serviceRole: Caller;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: { readonly url: string; readonly token: string };
  readonly log: BuildLog;
  readonly signal: AbortSignal;
  /** Called whenever the record changed. */
  readonly save: () => void;
}

/** A checked out build, before its commands run. */
export interface ReadySource {
  readonly directory: string;
  /** Directory of each secondary source by its identifier. */
  readonly secondary: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** A phase of the build has failed, for a reason that CodeBuild has a status code for. */
export class PhaseFailure extends Error {
  override readonly name = 'PhaseFailure';
  readonly statusCode: string;
  constructor(statusCode: string, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}
