#!/usr/bin/env bash
# One node of Apache Kafka on loopback, for tests and trials: from Docker where an engine answers,
# else from Maven Central with mvn and Java 17 or later. Everything it keeps is below target/kafka.
# kafka.sh start     prints KAFKA_BROKERS=127.0.0.1:PORT once the broker answers, and KAFKA_SECURE=FILE,
#                    which names its listeners with TLS and passwords; not from Docker
# kafka.sh stop      ends the broker that start began, and deletes its topics
# kafka.sh kill      ends it with SIGKILL, as a crash would; its topics stay
# kafka.sh restart   starts it again after that, at the same port with the same topics
# kafka.sh status    prints KAFKA_BROKERS=… and exits 0 where it runs, else exits 1
set -euo pipefail

version=4.3.1
# The version of log4j that this Kafka brings; without the bridge to it, errors would go unseen.
log4j=2.25.4
home=$(cd "$(dirname "$0")/.." && pwd)/target/kafka
jars=$home/jars-$version
run=$home/run

fail() { echo "kafka.sh: $1" >&2; exit 1; }

# The broker that start began, if it is still there: "docker ID" or "java PID".
running() {
    [ -e "$run/node" ] || return 1
    local kind id
    read -r kind id < "$run/node"
    case $kind in
        docker) [ "$(docker inspect --format '{{.State.Running}}' "$id" 2>/dev/null)" = true ] ;;
        # A number may have gone to another process since: ours names our folder.
        java) ps -o args= -p "$id" 2>/dev/null | grep -qF "$run/server.properties" ;;
    esac
}

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        if [ "$port" != "${1:-}" ] && ! (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port found between 20000 and 32000"
}

# Whether the node answers a client; on a busy machine it takes Java long to begin to ask.
answers() {
    local kind id
    read -r kind id < "$run/node"
    case $kind in
        docker) timeout 20 docker exec "$id" /opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:9092 ;;
        java) timeout 20 java -Xmx64m -cp "$jars/*" org.apache.kafka.tools.BrokerApiVersionsCommand --bootstrap-server "127.0.0.1:$port" ;;
    esac > /dev/null 2>&1
}

start_docker() {
    local id
    id=$(docker run --detach --publish "127.0.0.1:$port:9094" \
        --env KAFKA_NODE_ID=1 \
        --env KAFKA_PROCESS_ROLES=broker,controller \
        --env KAFKA_LISTENERS=INSIDE://:9092,CONTROLLER://:9093,OUTSIDE://:9094 \
        --env "KAFKA_ADVERTISED_LISTENERS=INSIDE://localhost:9092,OUTSIDE://127.0.0.1:$port" \
        --env KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,OUTSIDE:PLAINTEXT \
        --env KAFKA_INTER_BROKER_LISTENER_NAME=INSIDE \
        --env KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER \
        --env KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093 \
        --env KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1 \
        --env KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR=1 \
        --env KAFKA_TRANSACTION_STATE_LOG_MIN_ISR=1 \
        --env KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS=0 \
        --env KAFKA_AUTO_CREATE_TOPICS_ENABLE=false \
        --env KAFKA_HEAP_OPTS=-Xmx512m \
        "apache/kafka:$version") || fail "the image apache/kafka:$version did not start"
    echo "docker $id" > "$run/node"
}

fetch_jars() {
    [ ! -e "$jars/complete" ] || return 0
    command -v mvn > /dev/null || fail "neither a Docker engine nor mvn: install one of them, or set KAFKA_BROKERS to a broker that runs"
    echo "kafka.sh: fetching Apache Kafka $version from Maven Central" >&2
    mkdir -p "$jars"
    cat > "$jars/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>seamline</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$log4j</version></dependency>
  </dependencies>
</project>
POM
    mvn --batch-mode --quiet --file "$jars/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$jars" \
        > "$jars/mvn.log" 2>&1 || fail "mvn could not fetch Apache Kafka $version, see $jars/mvn.log"
    touch "$jars/complete"
}

start_java() {
    command -v java > /dev/null || fail "no java: install Java 17 or later"
    fetch_jars
    local controller tls plain both
    controller=$(free_port "$port")
    tls=$(free_port "$controller")
    plain=$(free_port "$tls")
    both=$(free_port "$plain")
    certificate broker
    certificate other
    # Whoever comes to the first listener may do everything; "reader" may read topics, and is in no
    # group; "stranger" may do nothing.
    local jaas=org.apache.kafka.common.security users='user_reader="reads" user_stranger="strange"'
    cat > "$run/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller,SSL://127.0.0.1:$tls,SASL_PLAINTEXT://127.0.0.1:$plain,SASL_SSL://127.0.0.1:$both
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SSL://127.0.0.1:$tls,SASL_PLAINTEXT://127.0.0.1:$plain,SASL_SSL://127.0.0.1:$both
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
ssl.keystore.type=PKCS12
ssl.keystore.location=$run/broker.p12
ssl.keystore.password=brokerbroker
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config=$jaas.plain.PlainLoginModule required $users;
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=$jaas.scram.ScramLoginModule required;
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=$jaas.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=$jaas.plain.PlainLoginModule required $users;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=$jaas.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$jaas.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs=$run/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
    cat > "$run/log4j2.properties" <<LOG4J
rootLogger.level = error
rootLogger.appenderRef.stdout.ref = stdout
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d %p %m (%c)%n
LOG4J
    java -Xmx256m "$(quiet)" -cp "$jars/*" kafka.tools.StorageTool format \
        --config "$run/server.properties" --cluster-id c2VhbWxpbmUtdGVzdHM= \
        --add-scram 'SCRAM-SHA-256=[name=reader,password=reads]' \
        --add-scram 'SCRAM-SHA-512=[name=reader,password=reads]' \
        > "$run/format.log" 2>&1 || fail "the storage could not be formatted, see $run/format.log"
    cat > "$run/secure" <<SECURE
ssl=127.0.0.1:$tls
sasl_plaintext=127.0.0.1:$plain
sasl_ssl=127.0.0.1:$both
certificate=$run/broker.pem
other=$run/other.pem
SECURE
    launch
}

# certificate NAME: a key with a certificate that it signed itself.
certificate() {
    keytool -genkeypair -alias "$1" -dname "CN=$1" -ext san=ip:127.0.0.1,dns:localhost -keyalg EC \
        -validity 30 -storetype PKCS12 -keystore "$run/$1.p12" -storepass "$1$1" > /dev/null 2>&1 &&
        keytool -exportcert -rfc -alias "$1" -keystore "$run/$1.p12" -storepass "$1$1" \
            > "$run/$1.pem" 2> /dev/null || fail "keytool could not make a certificate"
}

# What the reader may do.
permit() {
    java -Xmx64m "$(quiet)" -cp "$jars/*" org.apache.kafka.tools.AclCommand \
        --bootstrap-server "127.0.0.1:$port" --add --allow-principal User:reader \
        --operation Read --operation DescribeConfigs --topic '*' \
        > "$run/permit.log" 2>&1 || fail "the reader's rights could not be given, see $run/permit.log"
}

quiet() { echo "-Dlog4j2.configurationFile=$run/log4j2.properties"; }

launch() {
    # A session of its own, so that no signal of this terminal reaches it.
    setsid java -Xms128m -Xmx512m "$(quiet)" -cp "$jars/*" kafka.Kafka "$run/server.properties" \
        >> "$run/kafka.log" 2>&1 < /dev/null &
    echo "java $!" > "$run/node"
}

start() {
    if running; then
        cat "$run/brokers"
        return
    fi
    rm -rf "$run"
    mkdir -p "$run"
    port=$(free_port)
    if command -v docker > /dev/null && timeout 5 docker info > /dev/null 2>&1; then
        start_docker
    else
        start_java
    fi
    await
}

await() {
    for _ in $(seq 60); do
        if answers; then
            echo "KAFKA_BROKERS=127.0.0.1:$port" > "$run/brokers"
            if [ -e "$run/secure" ]; then
                [ -e "$run/permit.log" ] || permit
                echo "KAFKA_SECURE=$run/secure" >> "$run/brokers"
            fi
            cat "$run/brokers"
            return
        fi
        running || fail "the broker ended while it started, see $run/kafka.log"
        sleep 0.5
    done
    stop
    fail "the broker did not answer in time, see $run/kafka.log"
}

stop() {
    [ -e "$run/node" ] || return 0
    local kind id
    read -r kind id < "$run/node"
    if [ "$kind" = docker ]; then
        docker rm --force "$id" > /dev/null
    elif running; then
        kill "$id"
        for _ in $(seq 100); do
            running || break
            sleep 0.1
        done
        ! running || kill -KILL "$id"
    fi
    rm -rf "$run/node" "$run/brokers" "$run/data"
}

crash() {
    running || fail "no broker of this script runs"
    local kind id
    read -r kind id < "$run/node"
    case $kind in
        docker) docker kill "$id" > /dev/null ;;
        java) kill -KILL "$id" ;;
    esac
    while running; do sleep 0.1; done
}

restart() {
    [ -e "$run/brokers" ] || fail "no broker of this script was started"
    ! running || fail "the broker runs: kill it first"
    port=$(sed -n 's/^KAFKA_BROKERS=.*://p' "$run/brokers")
    local kind id
    read -r kind id < "$run/node"
    case $kind in
        docker) docker start "$id" > /dev/null ;;
        java) launch ;;
    esac
    await
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    kill) crash ;;
    restart) restart ;;
    status) running && cat "$run/brokers" ;;
    *) echo "usage: kafka.sh start|stop|kill|restart|status" >&2; exit 2 ;;
esac
