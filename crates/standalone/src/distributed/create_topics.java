import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** Creates the topics that are not there: <broker> <partitions> <topic>... */
class CreateTopics {
    public static void main(String[] arguments) throws Exception {
        var partitions = Optional.of(Integer.parseInt(arguments[1]));
        try (var admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            var known = admin.listTopics().names().get();
            var missing = Arrays.stream(arguments).skip(2).filter(name -> !known.contains(name));
            admin.createTopics(missing.map(name -> new NewTopic(name, partitions, Optional.empty())).toList()).all().get();
        }
    }
}
