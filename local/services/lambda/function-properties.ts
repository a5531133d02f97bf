import * as z from 'zod';
import { NumberProperty, TagsProperty } from '../../assembly/properties.ts';

/** Variables that Lambda sets itself and that a function's environment must not contain. */
const RESERVED_VARIABLES = new Set([
  '_HANDLER',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

const Variables = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .refine((variables) => Object.keys(variables).every((name) => !RESERVED_VARIABLES.has(name)), {
    error: 'a reserved variable of Lambda is set',
  });

/** Properties of AWS::Lambda::Function that the local cloud understands. */
export const FunctionProperties = z.strictObject({
  FunctionName: z.string().optional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string(), S3ObjectVersion: z.string().optional() }),
  Handler: z.string().regex(/^[^.]+\..+$/),
  Role: z.string(),
  Runtime: z.enum(['nodejs22.x', 'nodejs24.x']),
  Description: z.string().optional(),
  Environment: z.strictObject({ Variables: Variables.default({}) }).default({ Variables: {} }),
  MemorySize: NumberProperty.default(128),
  Timeout: NumberProperty.default(3),
  ReservedConcurrentExecutions: NumberProperty.optional(),
  DeadLetterConfig: z.strictObject({ TargetArn: z.string() }).optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      LogFormat: z.enum(['JSON', 'Text']).optional(),
      ApplicationLogLevel: z.string().optional(),
      SystemLogLevel: z.string().optional(),
    })
    .optional(),
  // The following are accepted without effect.
  Architectures: z.array(z.enum(['arm64', 'x86_64'])).optional(),
  EphemeralStorage: z.strictObject({ Size: NumberProperty }).optional(),
  KmsKeyArn: z.string().optional(),
  PackageType: z.literal('Zip').optional(),
  RecursiveLoop: z.string().optional(),
  RuntimeManagementConfig: z.strictObject({ UpdateRuntimeOn: z.string() }).optional(),
  TracingConfig: z.strictObject({ Mode: z.string() }).optional(),
  Tags: TagsProperty,
});

/** Properties of AWS::Lambda::Permission. */
export const PermissionProperties = z.strictObject({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});

const Destination = z.strictObject({ Destination: z.string() });

/** Properties of AWS::Lambda::EventInvokeConfig. */
export const EventInvokeConfigProperties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  DestinationConfig: z.strictObject({ OnFailure: Destination.optional() }).optional(),
  MaximumEventAgeInSeconds: NumberProperty.optional(),
  MaximumRetryAttempts: NumberProperty.optional(),
});
