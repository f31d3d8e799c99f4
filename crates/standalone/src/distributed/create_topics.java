import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/**
 * Creates the topics that are not there, and waits until every partition is served: <broker> <milliseconds> <partitions> <topic>...
 * The broker has those milliseconds to answer at all; one that answers may take a minute, Kafka's default, over each step.
 */
class CreateTopics {
    /** As large as components/pubsub.yaml lets a batch be, with its headers; a broker's own limit is 1 MB as a rule. */
    private static final Map<String, String> LARGE = Map.of("max.message.bytes", "8388608");

    public static void main(String[] arguments) throws InterruptedException {
        try {
            create(arguments);
        } catch (ExecutionException refusal) {
            System.err.println(refusal.getCause().getMessage());
            System.exit(1);
        }
    }

    private static void create(String[] arguments) throws ExecutionException, InterruptedException {
        var partitions = Optional.of(Integer.parseInt(arguments[2]));
        try (var admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            var patience = new ListTopicsOptions().timeoutMs(Integer.parseInt(arguments[1]));
            var known = admin.listTopics(patience).names().get();
            var missing = Arrays.stream(arguments).skip(3).filter(name -> !known.contains(name)).toList();
            var topics = missing.stream().map(name -> new NewTopic(name, partitions, Optional.empty()).configs(LARGE)).toList();
            var created = admin.createTopics(topics);
            created.all().get();
            var ends = new HashMap<TopicPartition, OffsetSpec>();
            for (var topic : missing) {
                for (int number = 0; number < created.numPartitions(topic).get(); number++) {
                    ends.put(new TopicPartition(topic, number), OffsetSpec.latest());
                }
            }
            admin.listOffsets(ends).all().get();
        }
    }
}
