import type { JsonRecord } from '../json-value.ts';

/**
 * Kinds that AWS charges nothing for by themselves, reviewed one by one. An estimate counts them as covered. Costs that
 * they cause elsewhere (instances of a group, requests of a rule) are charged there.
 */
const FREE = new Set(
  `
  terraform_data null_resource
  aws_acm_certificate aws_acm_certificate_validation
  aws_ami_launch_permission
  aws_api_gateway_account aws_api_gateway_api_key aws_api_gateway_authorizer aws_api_gateway_base_path_mapping
  aws_api_gateway_deployment aws_api_gateway_domain_name aws_api_gateway_gateway_response aws_api_gateway_integration
  aws_api_gateway_integration_response aws_api_gateway_method aws_api_gateway_method_response
  aws_api_gateway_method_settings aws_api_gateway_model aws_api_gateway_request_validator aws_api_gateway_resource
  aws_api_gateway_rest_api_policy aws_api_gateway_usage_plan aws_api_gateway_usage_plan_key
  aws_apigatewayv2_api_mapping aws_apigatewayv2_authorizer aws_apigatewayv2_deployment aws_apigatewayv2_domain_name
  aws_apigatewayv2_integration aws_apigatewayv2_model aws_apigatewayv2_route aws_apigatewayv2_route_response
  aws_apigatewayv2_stage
  aws_appautoscaling_policy aws_appautoscaling_scheduled_action aws_appautoscaling_target
  aws_autoscaling_attachment aws_autoscaling_group_tag aws_autoscaling_lifecycle_hook aws_autoscaling_notification
  aws_autoscaling_policy aws_autoscaling_schedule aws_autoscaling_traffic_source_attachment
  aws_budgets_budget
  aws_cloudfront_cache_policy aws_cloudfront_function aws_cloudfront_key_group aws_cloudfront_origin_access_control
  aws_cloudfront_origin_access_identity aws_cloudfront_origin_request_policy aws_cloudfront_public_key
  aws_cloudfront_response_headers_policy
  aws_cloudwatch_event_connection aws_cloudwatch_event_permission aws_cloudwatch_event_rule aws_cloudwatch_event_target
  aws_cloudwatch_event_bus_policy aws_cloudwatch_log_metric_filter aws_cloudwatch_log_resource_policy
  aws_cloudwatch_log_stream aws_cloudwatch_log_subscription_filter
  aws_codebuild_source_credential aws_codebuild_webhook aws_codeconnections_connection aws_codestarconnections_connection
  aws_cognito_identity_pool aws_cognito_identity_pool_roles_attachment aws_cognito_resource_server
  aws_cognito_user_group aws_cognito_user_pool_client aws_cognito_user_pool_domain
  aws_customer_gateway aws_dax_parameter_group aws_dax_subnet_group
  aws_db_event_subscription aws_db_option_group aws_db_parameter_group aws_db_proxy_default_target_group
  aws_db_proxy_target aws_db_subnet_group
  aws_default_network_acl aws_default_route_table aws_default_security_group aws_default_subnet aws_default_vpc
  aws_docdb_cluster_parameter_group aws_docdb_subnet_group
  aws_dynamodb_resource_policy aws_dynamodb_table_item
  aws_ebs_default_kms_key aws_ebs_encryption_by_default
  aws_ecr_lifecycle_policy aws_ecr_registry_policy aws_ecr_registry_scanning_configuration aws_ecr_replication_configuration
  aws_ecr_repository_policy
  aws_ecs_account_setting_default aws_ecs_capacity_provider aws_ecs_cluster aws_ecs_cluster_capacity_providers
  aws_ecs_task_definition aws_ecs_task_set
  aws_efs_access_point aws_efs_backup_policy aws_efs_file_system_policy aws_efs_mount_target
  aws_egress_only_internet_gateway aws_eip_association
  aws_eks_access_entry aws_eks_access_policy_association aws_eks_addon aws_eks_identity_provider_config
  aws_eks_pod_identity_association
  aws_elasticache_parameter_group aws_elasticache_subnet_group aws_elasticache_user aws_elasticache_user_group
  aws_elasticache_user_group_association
  aws_flow_log
  aws_iam_access_key aws_iam_account_alias aws_iam_account_password_policy aws_iam_group aws_iam_group_membership
  aws_iam_group_policy aws_iam_group_policy_attachment aws_iam_instance_profile aws_iam_openid_connect_provider
  aws_iam_policy aws_iam_policy_attachment aws_iam_role aws_iam_role_policy aws_iam_role_policies_exclusive
  aws_iam_role_policy_attachment aws_iam_role_policy_attachments_exclusive aws_iam_saml_provider
  aws_iam_server_certificate aws_iam_service_linked_role aws_iam_user aws_iam_user_group_membership
  aws_iam_user_login_profile aws_iam_user_policy aws_iam_user_policy_attachment aws_iam_user_ssh_key
  aws_internet_gateway aws_internet_gateway_attachment
  aws_key_pair aws_kms_alias aws_kms_grant aws_kms_key_policy
  aws_lambda_alias aws_lambda_event_source_mapping aws_lambda_function_event_invoke_config aws_lambda_function_url
  aws_lambda_layer_version aws_lambda_layer_version_permission aws_lambda_permission
  aws_launch_configuration aws_launch_template
  aws_alb_listener aws_alb_listener_certificate aws_alb_listener_rule aws_alb_target_group aws_alb_target_group_attachment
  aws_lb_cookie_stickiness_policy aws_lb_listener aws_lb_listener_certificate aws_lb_listener_rule aws_lb_ssl_negotiation_policy
  aws_lb_target_group aws_lb_target_group_attachment aws_lb_trust_store
  aws_main_route_table_association aws_memorydb_acl aws_memorydb_parameter_group aws_memorydb_subnet_group aws_memorydb_user
  aws_msk_configuration aws_msk_scram_secret_association
  aws_neptune_cluster_parameter_group aws_neptune_parameter_group aws_neptune_subnet_group
  aws_network_acl aws_network_acl_association aws_network_acl_rule aws_network_interface aws_network_interface_attachment
  aws_network_interface_sg_attachment
  aws_opensearch_domain_policy aws_opensearch_domain_saml_options
  aws_organizations_account aws_organizations_organization aws_organizations_organizational_unit
  aws_organizations_policy aws_organizations_policy_attachment
  aws_placement_group aws_proxy_protocol_policy
  aws_ram_principal_association aws_ram_resource_association aws_ram_resource_share aws_ram_resource_share_accepter
  aws_rds_cluster_endpoint aws_rds_cluster_parameter_group aws_rds_cluster_role_association aws_db_instance_role_association
  aws_redshift_parameter_group aws_redshift_subnet_group
  aws_resourcegroups_group
  aws_route aws_route_table aws_route_table_association
  aws_route53_delegation_set aws_route53_record aws_route53_vpc_association_authorization aws_route53_zone_association
  aws_s3_account_public_access_block aws_s3_bucket_accelerate_configuration aws_s3_bucket_acl
  aws_s3_bucket_cors_configuration aws_s3_bucket_lifecycle_configuration aws_s3_bucket_logging aws_s3_bucket_metric
  aws_s3_bucket_notification aws_s3_bucket_object_lock_configuration aws_s3_bucket_ownership_controls
  aws_s3_bucket_policy aws_s3_bucket_public_access_block aws_s3_bucket_replication_configuration
  aws_s3_bucket_request_payment_configuration aws_s3_bucket_server_side_encryption_configuration
  aws_s3_bucket_versioning aws_s3_bucket_website_configuration aws_s3_access_point
  aws_scheduler_schedule_group
  aws_secretsmanager_secret_policy aws_secretsmanager_secret_rotation aws_secretsmanager_secret_version
  aws_security_group aws_security_group_rule
  aws_service_discovery_http_namespace aws_service_discovery_instance aws_service_discovery_service
  aws_servicequotas_service_quota
  aws_ses_domain_dkim aws_ses_domain_identity aws_ses_domain_mail_from aws_ses_email_identity aws_sesv2_configuration_set
  aws_sesv2_email_identity
  aws_sns_platform_application aws_sns_topic_policy aws_sns_topic_subscription aws_sqs_queue_policy
  aws_sqs_queue_redrive_allow_policy aws_sqs_queue_redrive_policy
  aws_ssm_association aws_ssm_document aws_ssm_maintenance_window aws_ssm_maintenance_window_target
  aws_ssm_maintenance_window_task aws_ssm_patch_baseline aws_ssm_patch_group
  aws_ssoadmin_account_assignment aws_ssoadmin_managed_policy_attachment aws_ssoadmin_permission_set
  aws_ssoadmin_permission_set_inline_policy
  aws_subnet aws_volume_attachment
  aws_vpc aws_vpc_dhcp_options aws_vpc_dhcp_options_association aws_vpc_endpoint_policy
  aws_vpc_endpoint_route_table_association aws_vpc_endpoint_security_group_association
  aws_vpc_endpoint_subnet_association aws_vpc_ipv4_cidr_block_association aws_vpc_ipv6_cidr_block_association
  aws_vpc_peering_connection aws_vpc_peering_connection_accepter aws_vpc_peering_connection_options
  aws_vpc_security_group_egress_rule aws_vpc_security_group_ingress_rule aws_vpn_gateway aws_vpn_gateway_attachment
  aws_vpn_gateway_route_propagation
  aws_wafv2_ip_set aws_wafv2_regex_pattern_set aws_wafv2_web_acl_association aws_wafv2_web_acl_logging_configuration
  aws_xray_group aws_xray_sampling_rule
  `
    .trim()
    .split(/\s+/),
);

/** Kinds that exist only in Terraform: values, files, waits. */
const NOT_IN_A_CLOUD = /^(?:random|time|tls|local|archive|template|http|external|cloudinit|assert)_/;

/** Says when an object of an otherwise priced kind costs nothing, or nothing by itself. */
const FREE_WHEN: Readonly<Record<string, (values: JsonRecord) => boolean>> = {
  // The cost of tasks on instances is that of the instances.
  aws_ecs_service: ({ launch_type }) => launch_type !== 'FARGATE',
  // A member of a replication group is charged with the group.
  aws_elasticache_cluster: ({ replication_group_id }) =>
    typeof replication_group_id === 'string' && replication_group_id !== '',
  aws_ssm_parameter: ({ tier }) =>
    tier === undefined || tier === null || tier === 'Standard' || tier === 'Intelligent-Tiering',
  // Global databases are charged through their members; a DocumentDB cluster never counts as free.
  aws_rds_global_cluster: () => true,
  aws_docdb_cluster: () => false,
};

export const FREE_TYPES: readonly string[] = [...FREE].sort();

/** Returns whether this object is known to cost nothing. */
export function isFree(type: string, values: JsonRecord): boolean {
  if (FREE.has(type) || NOT_IN_A_CLOUD.test(type)) return true;
  return Object.hasOwn(FREE_WHEN, type) && FREE_WHEN[type]?.(values) === true;
}
