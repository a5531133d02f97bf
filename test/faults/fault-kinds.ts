import type { Fault } from '../../local/door/faults.ts';
import type { AwsOperation } from './operations.ts';
import { shortened } from './scale.ts';

/** How a call fails. */
export const KINDS = ['throttled', '5xx', 'timed out', 'cut before', 'cut after'] as const;
export type Kind = (typeof KINDS)[number];

/** How long it fails. */
export const LENGTHS = ['once', 'ten times', 'for 10 minutes', 'until the end'] as const;
export type Length = (typeof LENGTHS)[number];

/** Returns the kinds that are tried. What ends a deployment in the end is tried in one way, because retries see no other. */
export const kindsOfTrials = (length: Length): readonly Kind[] => (length === 'until the end' ? ['5xx'] : KINDS);

const TEN_MINUTES_MS = shortened(600);
/** A minute without an answer, after which the connection ends. */
const NO_ANSWER_MS = shortened(60);

type ErrorOf = NonNullable<Fault['error']>;

/** What each service answers to a throttled call. */
const THROTTLES: Readonly<Record<string, ErrorOf>> = {
  lambda: { code: 'TooManyRequestsException', status: 429 },
  s3: { code: 'SlowDown', status: 503 },
  sns: { code: 'Throttled', status: 429 },
  sts: { code: 'Throttling', status: 400 },
};
const THROTTLED: ErrorOf = { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 };

/** What each service answers when it is broken. */
const BROKEN: Readonly<Record<string, ErrorOf>> = {
  dynamodb: { code: 'InternalServerError', status: 500 },
  events: { code: 'InternalException', status: 500 },
  kms: { code: 'KMSInternalException', status: 500 },
  lambda: { code: 'ServiceException', status: 500 },
  s3: { code: 'InternalError', status: 500 },
  sns: { code: 'InternalError', status: 500 },
};
const UNAVAILABLE: ErrorOf = { code: 'ServiceUnavailable', status: 503 };

function failure(kind: Kind, service: string): Pick<Fault, 'error' | 'isCut' | 'when' | 'delayMs'> {
  switch (kind) {
    case 'throttled':
      return { error: THROTTLES[service] ?? THROTTLED };
    case '5xx':
      return { error: BROKEN[service] ?? UNAVAILABLE };
    case 'timed out':
      return { delayMs: NO_ANSWER_MS, isCut: true };
    case 'cut before':
      return { isCut: true };
    case 'cut after':
      return { isCut: true, when: 'after' };
  }
}

const ENDS: Readonly<Record<Length, Pick<Fault, 'times' | 'lastsMs'>>> = {
  once: { times: 1 },
  'ten times': { times: 10 },
  'for 10 minutes': { lastsMs: TEN_MINUTES_MS },
  'until the end': {},
};

/** Returns the fault for calls of an operation about an application. */
export function faultOf(
  { callers, service, operation }: AwsOperation,
  kind: Kind,
  length: Length,
  about: string,
): Fault {
  return { service, operation, caller: callers, about, ...failure(kind, service), ...ENDS[length] };
}
