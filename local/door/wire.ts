/** What the door and the services behind it say to each other. Every AWS call of the local cloud has this shape. */

/** An HTTP request as it arrived at the door; header names are lower-case. */
export interface WireRequest {
  readonly method: string;
  /** Without the query, percent-encoded as the client sent it. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/**
 * Who makes a call. `role`: an IAM role (function, build, state machine, assumed target role), whose policies decide.
 * `service`: an AWS service acting by itself (`events.amazonaws.com` calling a function), judged by resource policies.
 * `operator`: the person who runs the local cloud (an administrator), allowed everything.
 */
export type Caller =
  | {
      readonly kind: 'role';
      /** ARN of the role whose policies are evaluated. */
      readonly roleArn: string;
      /** What the call is recorded as: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
      readonly arn: string;
      readonly accountId: string;
    }
  | { readonly kind: 'service'; readonly principal: string; readonly sourceArn: string; readonly accountId: string }
  | { readonly kind: 'operator'; readonly arn: string; readonly accountId: string };

/** One permission a call needs: `action` like `states:StartExecution`, on each of `resources`. */
export interface RequiredPermission {
  readonly action: string;
  readonly resources: readonly string[];
  /** IAM condition keys of this call and their values, for example `{ 's3:prefix': 'runs/' }`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The account that owns the resources when their ARNs do not say it (S3 buckets). */
  readonly resourceAccountId?: string;
}

export interface CallContext {
  readonly caller: Caller;
  readonly requestId: string;
  readonly region: string;
  /** Absent for calls made inside the process (the state machine calling CodeBuild). */
  readonly request?: WireRequest;
}

/** One API operation of a service. `input` has been decoded by the protocol; parse it with a schema in `perform`. */
export interface Operation {
  /** The permissions AWS would demand of the caller, from the input alone. */
  permissions(input: unknown, call: CallContext): readonly RequiredPermission[];
  perform(input: unknown, call: CallContext): Promise<unknown>;
}

/** How a service speaks HTTP: JSON 1.0/1.1 by `X-Amz-Target`, query + XML, or REST. */
export interface Protocol {
  decode(request: WireRequest): { readonly operation: string; readonly input: unknown };
  encode(operation: string, output: unknown, requestId: string): WireResponse;
  encodeError(error: AwsError, requestId: string): WireResponse;
}

/** An AWS service of the local cloud: a table of operations behind one protocol. */
export interface AwsService {
  /** The service name in the SigV4 credential scope: `dynamodb`, `states`, `s3`, `sts`, `sns`, `events`, `codebuild`, `kms`. */
  readonly signingName: string;
  readonly protocol: Protocol;
  /** How this service says "not authorised"; without it `AccessDeniedException` with status 400, as JSON services do. */
  readonly accessDenied?: { readonly code: string; readonly status: number };
  readonly operations: Readonly<Record<string, Operation>>;
}

/** An error as an AWS service answers it; `code` is what the SDK shows as `error.name`. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

/** The one door. All calls pass it, those over HTTP and those made inside the process. */
export interface Door {
  /** Authorises, records, injects faults and performs a call made inside the process. Throws AwsError. */
  call(caller: Caller, service: string, operation: string, input: unknown): Promise<unknown>;
  /** Throws AccessDeniedException unless the caller may do it; for checks that are no API call (iam:PassRole, kms:Decrypt). */
  authorize(caller: Caller, permission: RequiredPermission): void;
  /** Gives the bearer of a new access key the identity `caller`. The key has only letters and digits (DynamoDB Local wants that). */
  issueCredentials(caller: Caller, ttlSeconds?: number): Credentials;
  revokeCredentials(accessKeyId: string): void;
  /**
   * Sets the policy of a resource (bucket, topic, queue, key, function); `undefined` removes it. It is evaluated for calls
   * on `resourceArn` itself and, for a bucket, on every object in it. A malformed or unsupported policy throws at once.
   */
  setResourcePolicy(resourceArn: string, policy: unknown): void;
  /** Throws AccessDenied unless the role's trust policy (and, where AWS demands it, the caller's identity) lets `caller` assume it. */
  authorizeAssumeRole(caller: Caller, roleArn: string, context?: RequiredPermission['context']): void;
  /** Plain HTTP paths of the door that are no AWS calls (container credentials of builds); the longest prefix wins. */
  route(pathPrefix: string, handler: (request: WireRequest) => WireResponse | Promise<WireResponse>): void;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}
