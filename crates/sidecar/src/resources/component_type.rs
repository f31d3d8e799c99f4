//! The types of components that there are, so that a slip of the pen is told at the start.

use super::document::Problem;

/// What the part before the first dot may be.
const BUILDING_BLOCKS: [&str; 11] = [
    "bindings",
    "configuration",
    "conversation",
    "crypto",
    "lock",
    "middleware",
    "nameresolution",
    "pubsub",
    "secretstores",
    "state",
    "workflow",
];

/// The brokers that daprd 1.18 knows; the log stands in for any of them.
const BROKERS: [&str; 19] = [
    "aws.snssqs",
    "azure.eventhubs",
    "azure.servicebus",
    "azure.servicebus.queues",
    "azure.servicebus.topics",
    "azure.servicebusqueues",
    "gcp.pubsub",
    "in-memory",
    "jetstream",
    "kafka",
    "kubemq",
    "mqtt",
    "mqtt3",
    "pulsar",
    "rabbitmq",
    "redis",
    "rocketmq",
    "snssqs",
    "solace.amqp",
];

/// Accepts what daprd 1.18 may know: of brokers exactly that, of anything else whatever belongs to a building block.
pub(super) fn check(component: &str, kind: &str) -> Result<(), Problem> {
    let (block, rest) = kind.split_once('.').unwrap_or((kind, ""));
    let known = if block == "pubsub" { BROKERS.contains(&rest) } else { BUILDING_BLOCKS.contains(&block) };
    if known && !rest.is_empty() {
        return Ok(());
    }
    Err(Problem(format!("component {component} is of type {kind:?}, which there is not; a broker is pubsub.kafka")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told() {
        for right in ["pubsub.kafka", "pubsub.in-memory", "secretstores.local.env", "state.redis", "bindings.cron"] {
            assert!(check("c", right).is_ok(), "{right}");
        }
        for wrong in ["pubsub.kafak", "pubsb.kafka", "pubsub", "pubsub.", "kafka", ""] {
            let Problem(problem) = check("c", wrong).unwrap_err();
            assert!(problem.contains(&format!("component c is of type {wrong:?}")), "{problem}");
        }
    }
}
