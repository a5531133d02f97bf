import * as z from 'zod';
import type { Refusal } from '../domain/errors.ts';
import type { Home } from '../domain/links.ts';
import type { Allowed, SettingsTag } from '../domain/model/request/settings-tag.ts';
import type { Identity } from './caller.ts';
import { bytesOf, type HttpEvent } from './http-event.ts';
import { ifMatchOf } from './if-match.ts';
import { parseInput } from './parse-input.ts';

/** Schemas of the parts of a request that an operation takes. It gets only what it declares. */
type InputShape = Readonly<Record<string, z.ZodType>>;
type RequestPart = 'path' | 'query' | 'body';

/** The schema of the body for each status; `z.undefined()` for a status without a body. */
type AnswerShape = Readonly<Record<number, z.ZodType>>;

/** One of the declared statuses, with a body that matches its schema. */
type Answer<Answers extends AnswerShape> = {
  [Status in keyof Answers & number]: {
    readonly status: Status;
    readonly body: z.input<Answers[Status]>;
    readonly tag: SettingsTag | undefined;
  };
}[keyof Answers & number];

/** An answer whose body has been parsed by the schema of its status. */
export interface Answered {
  readonly status: number;
  readonly body?: unknown;
  /** For the header `ETag`. */
  readonly tag?: SettingsTag | undefined;
}

/** A request that no schema has parsed yet. */
interface ReceivedRequest {
  readonly event: HttpEvent;
  /** Returns the body as text. Throws when the body is too long. */
  readonly body: () => string;
  /** Returns the caller's ARN. Throws when the request has no caller. */
  readonly caller: () => string;
  /** Returns the caller's ARN and the id by which IAM tells sessions apart. Throws when the request lacks them. */
  readonly identity: () => Identity;
  readonly home: Home | undefined;
}

/** What an operation gets in addition to its input. */
export interface RequestFacts {
  /** The ARN of the caller who signed the request. */
  readonly caller: string;
  readonly identity: Identity;
  readonly home: Home | undefined;
  /** What the header `If-Match` allows. Throws InvalidInputError. */
  readonly ifMatch: Allowed | undefined;
  /** The request as it was sent: for what checks a signature before it parses anything, and for unknown routes. */
  readonly sent: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly bytes: Buffer;
  };
}

/** The part of the API that an operation belongs to; the group under which the OpenAPI document lists it. */
export type Tag =
  | 'application'
  | 'approval'
  | 'approver'
  | 'deployment'
  | 'environment'
  | 'ephemeral-environment'
  | 'release'
  | 'service'
  | 'webhook';

/** What people and generated clients know an operation by. */
interface Named {
  /** The name of the operation in the OpenAPI document. It never changes: clients are generated from it. */
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  /** What the summary has no room for. */
  readonly description?: string;
  /** The refusals that it may answer, beside the general problems. */
  readonly problems?: readonly Refusal[];
}

/** How an operation answers, apart from its body. */
interface Manner {
  /** Whether it shows settings, and gives their tag. If it changes them, it takes `If-Match`. */
  readonly isTagged?: true;
  /** Whether its answer has secrets, so that the answer is never kept for a repetition. */
  readonly isSecret?: true;
}

/** One operation of the API, ready to be served: it parses the input and answers only declared fields. */
export interface Operation<Services> extends Named, Manner {
  readonly input: InputShape;
  readonly answers: AnswerShape;
  answer(request: ReceivedRequest, services: Services): Promise<Answered>;
}

/** Loads the module of an operation. Later calls return the loaded module at once. */
export type OperationLoader<Services> = () => Promise<Operation<Services>>;

/** Returns an answer of an operation. `tag`: of the settings that it shows. */
export const answer = <const Status extends number, Body>(status: Status, body: Body, tag?: SettingsTag) => ({
  status,
  body,
  tag,
});

/** Declares an operation: its input, its answers, and the function that performs it. */
export function operation<Services, Input extends InputShape, const Answers extends AnswerShape>(
  declaration: Named &
    Manner & {
      readonly input: Input & Readonly<Record<Exclude<keyof Input, RequestPart>, never>>;
      readonly answers: Answers;
    },
  perform: (input: z.output<z.ZodObject<Input>>, services: Services, facts: RequestFacts) => Promise<Answer<Answers>>,
): Operation<Services> {
  const schema: z.ZodObject<Input> = z.object(declaration.input);
  return {
    ...declaration,
    async answer({ event, body, caller, identity, home }, services) {
      const input = parseInput(
        'request',
        schema,
        {
          path: event.pathParameters,
          query: event.queryStringParameters,
          ...('body' in declaration.input ? { body: await jsonOf(body()) } : {}),
        },
        nameOfField,
      );
      const facts = {
        home,
        get caller() {
          return caller();
        },
        get identity() {
          return identity();
        },
        get ifMatch() {
          return ifMatchOf(event);
        },
        get sent() {
          const method = event.requestContext.http?.method ?? '';
          return { method, path: event.rawPath, headers: event.headers, bytes: bytesOf(event) };
        },
      };
      const given = await perform(input, services, facts);
      const shown = declaration.answers[given.status]?.safeParse(given.body);
      if (!shown?.success)
        throw new Error(`answering ${event.routeKey}: the ${given.status} body does not fit its schema`, {
          cause: shown?.error,
        });
      if ((given.tag !== undefined) !== (declaration.isTagged ?? false))
        throw new Error(`answering ${event.routeKey}: the operation does not say whether its answers have tags`);
      return { status: given.status, body: shown.data, tag: given.tag };
    },
  };
}

/** Parses a body. The parser is loaded with the first body, because reads have none. */
const jsonOf = async (body: string): Promise<unknown> => (await import('./json-body.ts')).parseJsonBody(body);

/**
 * Returns the name of a field as the documentation writes it: `stage` for `["body", "stage"]`. A body that is wrong as
 * a whole is `body`.
 */
const nameOfField = (path: readonly PropertyKey[]): string =>
  (path.length > 1 ? path.slice(1) : path).map(String).join('.');
