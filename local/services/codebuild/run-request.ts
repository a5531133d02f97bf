import type { Caller } from '../../door/wire.ts';
import type { BuildLog } from './build-log.ts';
import type { BuildRecord } from './build-record.ts';
import type { Project } from './project.ts';

/** A build that is going to run. */
export interface RunRequest {
  readonly build: BuildRecord;
  readonly project: Project;
  readonly serviceRole: Caller;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: { readonly url: string; readonly token: string };
  readonly log: BuildLog;
  readonly signal: AbortSignal;
  /** Called whenever the record has changed. */
  readonly save: () => void;
}

/** The source of a build before its commands run. */
export interface ReadySource {
  readonly directory: string;
  /** Directories of the secondary sources by their identifiers. */
  readonly secondary: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Runs builds in this process instead of bash, for tests that are about everything around builds. Everything else of a
 * build stays: source, variables, credentials, the log.
 */
export interface BuildStandIn {
  /** Writes the source of a build, whose variables are given, to a directory; without it, git does. */
  checkOut?(variables: Readonly<Record<string, string>>, directory: string): Promise<void>;
  /** Runs the commands of a build, with all of its environment variables. Returns whether they succeeded. */
  run(request: RunRequest, environment: Readonly<Record<string, string>>): Promise<boolean>;
}

/** Thrown when a phase of the build fails for a reason that has a status code in CodeBuild. */
export class PhaseFailure extends Error {
  override readonly name = 'PhaseFailure';
  readonly statusCode: string;
  constructor(statusCode: string, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}
