import * as z from 'zod';
import type { Home } from '../domain/links.ts';
import type { Identity } from './caller.ts';
import { bytesOf, type HttpEvent } from './http-event.ts';
import { parseJsonBody } from './json-body.ts';
import { parseInput } from './parse-input.ts';

/** Schemas of what an operation takes, of the three parts of a request; what it does not declare it does not get. */
type InputShape = Readonly<Record<string, z.ZodType>>;
type RequestPart = 'path' | 'query' | 'body';

/** Schema of the body by status; `z.undefined()` for a status without one. */
type AnswerShape = Readonly<Record<number, z.ZodType>>;

/** One of the declared statuses with a body of its schema. */
type Answer<Answers extends AnswerShape> = {
  [Status in keyof Answers & number]: { readonly status: Status; readonly body: z.input<Answers[Status]> };
}[keyof Answers & number];

/** A request before any schema. */
interface ReceivedRequest {
  readonly event: HttpEvent;
  /** The body as text; throws where it is too long. */
  readonly body: () => string;
  /** Throws where no caller is known. */
  readonly caller: () => string;
  /** The same, and what IAM tells sessions apart by. */
  readonly identity: () => Identity;
  readonly home: Home | undefined;
}

/** What an operation gets beside its input. */
export interface RequestFacts {
  /** Who signed the request. */
  readonly caller: string;
  readonly identity: Identity;
  readonly home: Home | undefined;
  /** The request as it was sent, for an operation that checks a signature over it before anything is parsed. */
  readonly sent: { readonly headers: Readonly<Record<string, string>>; readonly bytes: Buffer };
}

/** One operation of the API, ready to be served: parses, performs, and lets nothing undeclared out. */
export interface Operation<Services> {
  readonly summary: string;
  readonly input: InputShape;
  readonly answers: AnswerShape;
  answer(request: ReceivedRequest, services: Services): Promise<{ status: number; body: unknown }>;
}

/** Loads the module of an operation; again it is at once there. */
export type OperationLoader<Services> = () => Promise<Operation<Services>>;

/** An answer of an operation. */
export const answer = <const Status extends number, Body>(status: Status, body: Body) => ({ status, body });

/** Declares an operation: what it takes, what it answers, and the function between them. */
export function operation<Services, Input extends InputShape, const Answers extends AnswerShape>(
  declaration: {
    readonly summary: string;
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
          ...('body' in declaration.input ? { body: parseJsonBody(body()) } : {}),
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
        get sent() {
          return { headers: event.headers, bytes: bytesOf(event) };
        },
      };
      const given = await perform(input, services, facts);
      const shown = declaration.answers[given.status]?.safeParse(given.body);
      if (!shown?.success)
        throw new Error(`answering ${event.routeKey}: the ${given.status} body does not fit its schema`, {
          cause: shown?.error,
        });
      return { status: given.status, body: shown.data };
    },
  };
}

/** `["body", "stage"]` is called `stage`, as in the documentation; only a body that is wrong as a whole is `body`. */
const nameOfField = (path: readonly PropertyKey[]): string =>
  (path.length > 1 ? path.slice(1) : path).map(String).join('.');
