import * as z from 'zod';
import { BooleanProperty, NumberProperty } from '../../assembly/properties.ts';

const Tags = z.record(z.string(), z.string()).optional();

export const ApiProperties = z.strictObject({
  Name: z.string(),
  ProtocolType: z.literal('HTTP'),
  Description: z.string().optional(),
  DisableExecuteApiEndpoint: BooleanProperty.pipe(z.literal(false)).optional(),
  IpAddressType: z.string().optional(),
  Tags,
});

const RouteSettings = z.strictObject({
  DetailedMetricsEnabled: BooleanProperty.optional(),
  ThrottlingBurstLimit: NumberProperty.optional(),
  ThrottlingRateLimit: NumberProperty.optional(),
});
export type RouteSettings = z.infer<typeof RouteSettings>;

export const StageProperties = z.strictObject({
  ApiId: z.string(),
  // Any other stage would put its name before every path.
  StageName: z.literal('$default'),
  AutoDeploy: BooleanProperty.pipe(z.literal(true)),
  AccessLogSettings: z.strictObject({ DestinationArn: z.string(), Format: z.string() }).optional(),
  DefaultRouteSettings: RouteSettings.default({}),
  RouteSettings: z.record(z.string(), RouteSettings).default({}),
  Description: z.string().optional(),
  Tags,
});

export const IntegrationProperties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  IntegrationMethod: z.string().optional(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: NumberProperty.default(30_000),
  Description: z.string().optional(),
});

export const RouteProperties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string().startsWith('integrations/'),
  AuthorizationType: z.enum(['NONE', 'AWS_IAM']).default('NONE'),
  OperationName: z.string().optional(),
});
