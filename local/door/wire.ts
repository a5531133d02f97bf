/** The types shared by the door and the services behind it. Every AWS call of the local cloud has this form. */

/** An HTTP request as it arrived at the door; header names are lower-case. */
export interface WireRequest {
  readonly method: string;
  /** The path without the query, percent-encoded as the client sent it. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** The connection ends in the middle of the body, or before anything is sent if the body is empty. */
  readonly isCut?: boolean;
}

/**
 * Who makes a call. `role`: an IAM role (function, build, state machine, assumed target role), judged by its policies.
 * `service`: an AWS service acting by itself (`events.amazonaws.com` calling a function), judged by resource policies.
 * `operator`: the person who runs the local cloud (an administrator), who may do everything.
 */
export type Caller =
  | {
      readonly kind: 'role';
      /** ARN of the role whose policies are evaluated. */
      readonly roleArn: string;
      /** The name under which the call is recorded: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
      readonly arn: string;
      readonly accountId: string;
      /** For a function: the event, as JSON text, of the invocation that makes the call. */
      readonly event?: () => string | undefined;
    }
  | { readonly kind: 'service'; readonly principal: string; readonly sourceArn: string; readonly accountId: string }
  | { readonly kind: 'operator'; readonly arn: string; readonly accountId: string };

/** A permission that a call needs: `action`, such as `states:StartExecution`, on each of `resources`. */
export interface RequiredPermission {
  readonly action: string;
  readonly resources: readonly string[];
  /** IAM condition keys of this call and their values, for example `{ 's3:prefix': 'runs/' }`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The account that owns the resources, when their ARNs do not contain it (S3 buckets). */
  readonly resourceAccountId?: string;
}

export interface CallContext {
  readonly caller: Caller;
  readonly requestId: string;
  readonly region: string;
  /** Absent for calls made inside the process, for example when the state machine calls CodeBuild. */
  readonly request?: WireRequest;
}

/** One API operation of a service. `input` has been decoded by the protocol; `perform` must parse it with a schema. */
export interface Operation {
  /** Returns the permissions that AWS would require from the caller, derived from the input alone. */
  permissions(input: unknown, call: CallContext): readonly RequiredPermission[];
  perform(input: unknown, call: CallContext): Promise<unknown>;
}

/** How a service uses HTTP: JSON 1.0/1.1 with `X-Amz-Target`, query + XML, or REST. */
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
  /**
   * The service's error for a call that is not authorised; by default `AccessDeniedException` with status 400, as in
   * JSON services.
   */
  readonly accessDenied?: { readonly code: string; readonly status: number };
  readonly operations: Readonly<Record<string, Operation>>;
}

/** An error as an AWS service returns it; the SDK shows `code` as `error.name`. */
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

/** The one door. All AWS calls pass through it, both those over HTTP and those made inside the process. */
export interface Door {
  /** Authorises, records and performs a call made inside the process, and injects faults into it. Throws AwsError. */
  call(caller: Caller, service: string, operation: string, input: unknown): Promise<unknown>;
  /**
   * Throws AccessDeniedException unless the caller has the permission; for checks without an API call (iam:PassRole,
   * kms:Decrypt).
   */
  authorize(caller: Caller, permission: RequiredPermission): void;
  /**
   * Returns whether the caller has the permission, for answers that depend on the caller's other permissions: such a
   * question is recorded like a check, but a "no" refuses nothing and is not reported as a denial.
   */
  allows(caller: Caller, permission: RequiredPermission): boolean;
  /** Issues a new access key for `caller`. The key contains only letters and digits, as DynamoDB Local requires. */
  issueCredentials(caller: Caller, ttlSeconds?: number): Credentials;
  revokeCredentials(accessKeyId: string): void;
  /**
   * Sets the policy of a resource (bucket, topic, queue, key, function); `undefined` removes it. The policy is
   * evaluated for calls on `resourceArn` itself and, for a bucket, on every object in it. A malformed or unsupported
   * policy throws at once.
   */
  setResourcePolicy(resourceArn: string, policy: unknown): void;
  /**
   * Throws AccessDenied unless the role's trust policy (and, where AWS requires it, the caller's own policies) allow
   * `caller` to assume the role.
   */
  authorizeAssumeRole(caller: Caller, roleArn: string, context?: RequiredPermission['context']): void;
  /**
   * Adds plain HTTP paths to the door that are not AWS calls (container credentials of builds); the longest prefix
   * wins.
   */
  route(pathPrefix: string, handler: (request: WireRequest) => WireResponse | Promise<WireResponse>): void;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}
