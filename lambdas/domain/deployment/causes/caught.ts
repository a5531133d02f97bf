import * as z from 'zod';
import { offWire } from '../../contract/passing-on-wire.ts';
import { parseCutOffJson } from './cut-off-json.ts';

/** An error that the state machine caught: the state, and the Error and Cause of Step Functions. */
export const CaughtSchema = z.object({ state: z.string(), error: z.string(), cause: z.string() });
export type Caught = z.infer<typeof CaughtSchema>;

/** What people are told about an error. */
export interface Explained {
  readonly message: string;
  /** Name of the error, where Step Functions knows it by the name of all that pass. */
  readonly name?: string;
  /** A word for the cause, for those of a build that left no result. */
  readonly reason?: string;
  /** Whether the message says what happened without the name of the error. */
  readonly isWhole: boolean;
}

const MOST_CHARACTERS = 1000;

const Build = z.object({
  BuildStatus: z.string(),
  Phases: z
    .array(
      z.object({
        PhaseType: z.string(),
        PhaseStatus: z.string().optional(),
        Contexts: z.array(z.object({ Message: z.string().nullish() })).nullish(),
      }),
    )
    .nullish(),
});
type Build = z.infer<typeof Build>;
/** The cause of a failed build is the Build, bare or wrapped: which of the two is not documented. */
const BuildCause = z.union([z.object({ Build }).transform((cause) => cause.Build), Build]);
const FunctionCause = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/**
 * Returns the part of a cause that people need. A build's cause contains all environment variables of the build,
 * including the external id (rule 9). So JSON is never passed on: only known messages are taken from it.
 */
export function explainCause(cause: string): Explained {
  const json = parseJson(cause);
  if (json === undefined) return { message: cause.slice(0, MOST_CHARACTERS), isWhole: false };
  const build = BuildCause.safeParse(json);
  if (build.success) return explainBuild(build.data);
  const failure = FunctionCause.safeParse(json);
  if (failure.success) {
    const { errorType = '', errorMessage } = failure.data;
    const told = offWire(errorType, errorMessage);
    return { ...told, message: told.message.slice(0, MOST_CHARACTERS), isWhole: false };
  }
  return { message: 'the execution history has the details', isWhole: false };
}

/** What a build does in the phases of CodeBuild. */
const DOING: Readonly<Record<string, string>> = {
  SUBMITTED: 'starting the build',
  QUEUED: 'waiting for a machine',
  PROVISIONING: 'preparing the machine of the build',
  DOWNLOAD_SOURCE: 'fetching the source',
  INSTALL: 'installing Node.js',
  PRE_BUILD: 'preparing the build program',
  BUILD: 'running the build program',
  POST_BUILD: 'ending the build program',
  UPLOAD_ARTIFACTS: 'ending the build',
  FINALIZING: 'ending the build',
};

/** Explains a build that left no result by the phase in which it ended and by what CodeBuild says about that phase. */
function explainBuild({ BuildStatus: status, Phases }: Build): Explained {
  const phases = (Phases ?? []).map(({ PhaseType, PhaseStatus, Contexts }) => ({
    phase: PhaseType,
    isBad: PhaseStatus !== undefined && PhaseStatus !== 'SUCCEEDED',
    told: (Contexts ?? []).flatMap(({ Message }) => (Message ? [Message] : [])),
  }));
  // A phase that succeeded may have remarks, too.
  const ended = phases.find(({ isBad }) => isBad) ?? phases.find(({ told }) => told.length > 0);
  const said = ended?.told.map(presentable).join('; ') || undefined;
  const doing = ended && `${own(DOING, ended.phase) ?? 'running the build'} (${ended.phase})`;
  const reason = status === 'FAILED' && ended?.phase === 'DOWNLOAD_SOURCE' ? SOURCE_FAILED : own(REASONS, status);
  const message = `${sentence(status, doing)}${said === undefined ? '' : `: ${said}`}`;
  return { message: message.slice(0, MOST_CHARACTERS), isWhole: true, ...(reason !== undefined && { reason }) };
}

/** The phase of our own builds to which the source belongs. */
const SOURCE_FAILED = 'checkout-failed';
const REASONS: Readonly<Record<string, string>> = { STOPPED: 'stopped', TIMED_OUT: 'timed-out' };

function sentence(status: string, doing: string | undefined): string {
  const during = doing === undefined ? '' : ` while it was ${doing}`;
  if (status === 'STOPPED') return `the build was stopped${during}`;
  if (status === 'TIMED_OUT') return `the build took longer than it may, and was ended${during}`;
  return doing === undefined ? `the build ended as ${status} and left no result` : `${doing} failed`;
}

/** Makes one line of a message, says what an exit status means, and hides credentials in addresses. */
const presentable = (message: string): string =>
  message
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/:\/\/[^\s/]+@/g, '://')
    .replace(/exit status 13[47]\b/, '$& (it was killed, as happens when the memory runs out)');

const own = (record: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** Parses a text that is JSON, also if it is cut off, to an object in any case; returns undefined for plain words. */
function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return parseCutOffJson(text) ?? {};
  }
}
