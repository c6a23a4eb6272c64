#!/usr/bin/env bash
# What a lent device costs against a local one: operations, reads, bytes and time of a training step and of an
# answer, on the CPU, server and client on one machine. Linux: bytes are those of the loopback interface, so
# nothing else should use it meanwhile. Needs the program with the feature `remote`:
#   cargo build --release -p causal-clip-seg-cli --features remote
#   benches/devices.sh small 16 4 20            # preset, batch, steps of the short and of the long run
#   benches/devices.sh rn50 4 1 4
# Each figure is the difference of two runs by the difference of their steps or pictures.
set -euo pipefail
preset=$1 batch=$2 short=$3 long=$4
program=${PROGRAM:-target/release/causal-clip-seg}
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

bytes() { awk '$1 == "lo:" { print $2 }' /proc/net/dev; }
now() { date +%s%N; }

"$program" phantoms --quiet --out "$work/all" --train 120 --val 0 --test 0 >/dev/null
set_of() { # a set of so many cases
    mkdir -p "$work/$1"
    ln -sfn "$work/all/images" "$work/$1/images"
    ln -sfn "$work/all/masks" "$work/$1/masks"
    head -n $(($1 + 1)) "$work/all/manifest.csv" >"$work/$1/manifest.csv"
}

# Runs a command at the device; prints operations, reads, drops, bytes and nanoseconds.
run() {
    local where=$1
    shift
    local device=(--device flex)
    if [ "$where" = remote ]; then
        "$program" lend --listen 127.0.0.1:4177 --token-file "$work/token" --count >"$work/server" 2>&1 &
        server=$!
        until grep -q listening "$work/server"; do sleep 0.1; done
        device=(--device remote:ws://127.0.0.1:4177 --token-file "$work/token")
    fi
    local from_bytes from_time
    from_bytes=$(bytes) from_time=$(now)
    "$program" "$@" "${device[@]}" --quiet >/dev/null
    local spent=$(($(now) - from_time)) sent=$(($(bytes) - from_bytes)) counted="0 0 0 0"
    if [ "$where" = remote ]; then
        until grep -q 'a session ended' "$work/server"; do sleep 0.1; done
        counted=$(sed -n 's/.*ended: \([0-9]*\) operations, \([0-9]*\) groups.*, \([0-9]*\) reads, \([0-9]*\) tensors.*/\1 \2 \3 \4/p' "$work/server")
        kill "$server"
        wait "$server" 2>/dev/null || true
    fi
    echo "$counted $sent $spent"
}

line() { # what, where, first figures, second figures, units between
    echo "$1|$2|$3 $4|$5" | awk -F'|' '{
        split($3, f, " ")
        printf "%-16s %-7s %8.0f operations %6.0f groups %5.1f reads %8.0f drops %12.0f bytes %9.1f ms\n", $1, $2,
            (f[7] - f[1]) / $4, (f[8] - f[2]) / $4, (f[9] - f[3]) / $4, (f[10] - f[4]) / $4, (f[11] - f[5]) / $4, (f[12] - f[6]) / $4 / 1e6 }'
}

training() { # where, steps
    set_of $(($2 * batch))
    rm -rf "$work/run"
    run "$1" train --preset "$preset" --data "$work/$(($2 * batch))" --out "$work/run" --epochs 1 \
        --set "training.batch=$batch" --set game.warm_up=0 ${SET:-}
}
answers() { # where, pictures
    ls "$work/all/images" | head -n "$2" | sed "s|.*|$work/all/images/&,left lung|; 1i image,text" >"$work/jobs.csv"
    rm -rf "$work/answers"
    run "$1" segment -w "$work/weights" --jobs "$work/jobs.csv" --out "$work/answers"
}

for where in flex remote; do
    first=$(training "$where" "$short")
    second=$(training "$where" "$long")
    line "$preset step x$batch" "$where" "$first" "$second" $((long - short))
done
cp "$work/run/last.safetensors" "$work/weights"
for where in flex remote; do
    first=$(answers "$where" 2)
    second=$(answers "$where" 10)
    line "$preset answer" "$where" "$first" "$second" 8
done
