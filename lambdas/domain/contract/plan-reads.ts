/**
 * Data, as opposed to configuration, which plans may not read unless the environment's stack names it. The template of
 * a target account denies it to the plan role. When a build is refused, its message gives the parameter in which to
 * name the data.
 */

/** One kind of data, denied by one statement and allowed by one parameter of the stack. */
export interface PlanReads {
  /** Name of the parameter. It lists the ARNs that plans may read; `*` means all of them. */
  readonly parameter: `PlanReads${string}`;
  readonly what: string;
  readonly actions: readonly string[];
  /**
   * `whole`: AWS does not authorise these actions by the ARN of a single thing, so they can only be allowed all
   * together.
   */
  readonly given: 'by ARN' | 'whole';
  /** What is denied, for actions that read configuration too: the parts of an ARN after the partition. */
  readonly resources?: readonly string[];
}

/**
 * All kinds of data. `ReadOnlyAccess` allows every action in this list, and no action in it reads only configuration.
 */
export const PLAN_READS: readonly PlanReads[] = [
  {
    parameter: 'PlanReadsS3',
    what: 'objects, and rows of table and vector buckets',
    given: 'by ARN',
    actions: [
      's3:GetDataAccess',
      's3:GetObject*',
      's3-object-lambda:GetObject*',
      's3-outposts:GetObject*',
      's3express:CreateSession',
      's3tables:GetTableData',
      's3vectors:GetVectors',
      's3vectors:ListVectors',
      's3vectors:QueryVectors',
    ],
  },
  {
    parameter: 'PlanReadsParameters',
    what: 'values of the parameter store',
    given: 'by ARN',
    actions: ['ssm:GetParameter*'],
  },
  {
    parameter: 'PlanReadsTables',
    what: 'items of tables, and their streams',
    given: 'by ARN',
    actions: [
      'cassandra:Select',
      'dax:BatchGetItem',
      'dax:GetItem',
      'dax:Query',
      'dax:Scan',
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:GetRecords',
      'dynamodb:PartiQLSelect',
      'dynamodb:Query',
      'dynamodb:Scan',
      'sdb:GetAttributes',
      'sdb:Select',
    ],
  },
  {
    parameter: 'PlanReadsQueues',
    what: 'messages of queues and records of streams',
    given: 'by ARN',
    actions: [
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesisvideo:Get*StreamingSessionURL',
      'kinesisvideo:GetClip',
      'kinesisvideo:GetImages',
      'kinesisvideo:GetMedia*',
      'sqs:ReceiveMessage',
    ],
  },
  {
    parameter: 'PlanReadsLogs',
    what: 'logs, also of databases',
    given: 'by ARN',
    actions: [
      'logs:FilterLogEvents',
      'logs:GetLogEvents',
      'logs:GetLogRecord',
      'logs:GetQueryResults',
      'logs:StartLiveTail',
      'logs:StartQuery',
      'rds:Download*',
    ],
  },
  {
    parameter: 'PlanReadsFunctions',
    what: 'code of functions and layers: GetFunction answers an address to download it from',
    given: 'by ARN',
    actions: ['lambda:GetFunction', 'lambda:GetLayerVersion'],
  },
  {
    parameter: 'PlanReadsInstances',
    what: 'user data, console and password of instances',
    given: 'by ARN',
    actions: [
      'ec2:DescribeInstanceAttribute',
      'ec2:GetConsoleOutput',
      'ec2:GetConsoleScreenshot',
      'ec2:GetInstanceUefiData',
      'ec2:GetLaunchTemplateData',
      'ec2:GetPasswordData',
    ],
  },
  {
    parameter: 'PlanReadsLaunchTemplates',
    what: 'user data in launch templates, launch configurations and requests for spot instances',
    given: 'whole',
    actions: [
      'autoscaling:DescribeLaunchConfigurations',
      'ec2:DescribeLaunchTemplateVersions',
      'ec2:DescribeSpotFleetRequests',
      'ec2:DescribeSpotInstanceRequests',
    ],
  },
  {
    parameter: 'PlanReadsVpnKeys',
    what: 'pre-shared keys of VPN connections',
    given: 'whole',
    actions: ['ec2:DescribeVpnConnections'],
  },
  {
    parameter: 'PlanReadsApiKeys',
    what: 'API keys of API Gateway',
    given: 'whole',
    actions: ['apigateway:GET'],
    resources: ['apigateway:*::/apikeys', 'apigateway:*::/apikeys/*', 'apigateway:*::/usageplans/*/keys*'],
  },
  {
    parameter: 'PlanReadsTemplates',
    what: 'templates of stacks and stack sets',
    given: 'by ARN',
    actions: ['cloudformation:DescribeStackSet', 'cloudformation:GetTemplate'],
  },
  {
    parameter: 'PlanReadsOther',
    what: 'what else services keep: layers of images, source code, query results, mails, users, executions, credentials',
    given: 'by ARN',
    actions: [
      'appconfig:GetConfiguration',
      'appconfig:GetHostedConfigurationVersion',
      'athena:GetCalculationExecutionCode',
      'athena:GetQueryResults*',
      'athena:GetSessionEndpoint',
      'bedrock-agentcore:GetEvent',
      'bedrock-agentcore:GetMemoryRecord',
      'bedrock-agentcore:ListEvents',
      'bedrock-agentcore:ListMemoryRecords',
      'bedrock-agentcore:RetrieveMemoryRecords',
      'chime:GetChannelMessage',
      'chime:ListChannelMessages',
      'chime:RetrieveDataExports',
      'clouddirectory:BatchRead',
      'clouddirectory:GetLinkAttributes',
      'clouddirectory:GetObjectAttributes',
      'cloudformation:GetGeneratedTemplate',
      'cloudfront-keyvaluestore:GetKey',
      'cloudfront-keyvaluestore:ListKeys',
      'cloudtrail:GetEventDataStoreData',
      'cloudtrail:GetQueryResults',
      'cloudtrail:LookupEvents',
      'codeartifact:GetPackageVersionAsset',
      'codeartifact:ReadFromRepository',
      'codebuild:BatchGetBuildBatches',
      'codebuild:BatchGetBuilds',
      'codebuild:BatchGetCommandExecutions',
      'codebuild:BatchGetSandboxes',
      'codecommit:GetBlob*',
      'codecommit:GetComment*',
      'codecommit:GetFile',
      'codecommit:GetFolder',
      'codecommit:GitPull',
      'codepipeline:GetJobDetails',
      'codepipeline:GetThirdPartyJobDetails',
      'cognito-identity:GetCredentialsForIdentity',
      'cognito-identity:GetOpenIdToken*',
      'cognito-identity:LookupDeveloperIdentity',
      'cognito-idp:AdminGet*',
      'cognito-idp:AdminList*',
      'cognito-idp:GetTokensFromRefreshToken',
      'cognito-idp:ListUsers*',
      'cognito-sync:ListRecords',
      'cognito-sync:QueryRecords',
      'connect:GetContactAttributes',
      'connect:GetCurrentUserData',
      'connect:GetFederationToken',
      'connect:ListRealtimeContactAnalysisSegments',
      'devicefarm:GetUpload',
      'directconnect:DescribeVirtualInterfaces',
      'ecr:BatchGetImage',
      'ecr:GetDownloadUrlForLayer',
      'es:ESHttp*',
      'frauddetector:GetEvent',
      'gamelift:GetComputeA*',
      'gamelift:GetGameSessionLogUrl',
      'gamelift:GetInstanceAccess',
      'glacier:GetJobOutput',
      'glue:GetStatement',
      'greengrass:GetComponentVersionArtifact',
      'healthlake:ReadResource',
      'healthlake:SearchWith*',
      'inspector2:BatchGetCodeSnippet',
      'iot:GetRetainedMessage',
      'iot:GetThingShadow',
      'iotanalytics:GetDatasetContent',
      'iotanalytics:SampleChannelData',
      'iotsitewise:GetAssetPropert*',
      'iotsitewise:GetInterpolated*',
      'iotsitewise:GetQueryResults',
      'kendra:Query',
      'lambda:GetDurableExecution*',
      'lex:GetExport',
      'lex:GetSession',
      'lightsail:GetRelationalDatabaseLogEvents',
      'mediapackagev2:Get*Object',
      'mediastore:GetObject',
      'mobiletargeting:GetEndpoint',
      'mobiletargeting:GetUserEndpoints',
      'omics:GetReadSet',
      'omics:GetReference',
      'pi:DescribeDimensionKeys',
      'pi:GetDimensionKeyDetails',
      'qldb:GetBlock',
      'qldb:GetRevision',
      'rum:GetAppMonitorData',
      'ses:GetArchive*',
      'ses:GetContact',
      'ses:GetExportJob',
      'ses:GetMessageInsights',
      'ses:ListContacts',
      'snowball:GetJobManifest',
      'snowball:GetJobUnlockCode',
      'ssm:GetAccessToken',
      'ssm:GetAutomationExecution',
      'ssm:GetCommandInvocation',
      'ssm:GetInventory',
      'ssm:GetMaintenanceWindowExecution*',
      'ssm:ListCommandInvocations',
      'ssm:ListCommands',
      'ssm:ListInventoryEntries',
      'states:DescribeExecution',
      'states:DescribeMapRun',
      'states:GetExecutionHistory',
      'storagegateway:DescribeChapCredentials',
      'support:DescribeAttachment',
      'support:DescribeCases',
      'support:DescribeCommunication*',
      'swf:GetWorkflowExecutionHistory',
      'tnb:GetSol*Content',
      'transcribe:Get*Job',
      'translate:GetParallelData',
      'waf-regional:GetSampledRequests',
      'waf:GetSampledRequests',
      'wafv2:GetDecryptedAPIKey',
      'wafv2:GetSampledRequests',
      'workdocs:GetDocument*',
      'xray:BatchGetTraces',
      'xray:GetTraceSummaries',
      'xray:ListRetrievedTraces',
    ],
  },
];

/**
 * Returns whether an action is one of these, as IAM compares them: without regard to case, and with `*` for any
 * characters.
 */
const isAmong = (actions: readonly string[], action: string): boolean =>
  actions.some((pattern) => {
    const expression = pattern.toLowerCase().replaceAll('*', '.*');
    return new RegExp(`^${expression}$`).test(action.toLowerCase());
  });

/** Returns the kind of data that this action reads, if plans may not read it without a parameter. */
export const planReadsBy = (action: string): PlanReads | undefined =>
  PLAN_READS.find(({ actions }) => isAmong(actions, action));
