#!/usr/bin/env bash
# What a lent device costs against a local one: operations, reads, bytes and time of a training step and of an
# answer, on the CPU, servers and client on one machine. Linux: bytes are those of the loopback interface, so
# nothing else should use it meanwhile; a network namespace of one's own sees to that. Needs the program with the
# feature `remote`:
#   cargo build --release -p causal-clip-seg-cli --features remote
#   unshare -rn bash -c 'ip link set lo up; benches/devices.sh'     # the table of docs/devices.md, as Markdown
#   benches/devices.sh small 16 4 20            # preset, batch, steps of the short and of the long run
#   benches/devices.sh rn50 4 1 4
# Counts and bytes are the difference of two runs by the difference of their steps or pictures. A step's time is
# the median of those between the lines of a run's log, an answer's that of the differences; local and lent runs
# take turns, ROUNDS (3) times. Times are good for nothing while the machine does something else.
set -euo pipefail
program=${PROGRAM:-target/release/causal-clip-seg}
rounds=${ROUNDS:-3}
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

bytes() { awk '$1 == "lo:" { print $2 }' /proc/net/dev; }
now() { date +%s%N; }
middle() { # median, least and greatest of numbers, one a line
    sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.0f %.0f %.0f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }'
}

"$program" phantoms --quiet --out "$work/all" --train 240 --val 0 --test 0 >/dev/null
set_of() { # a set of so many cases
    mkdir -p "$work/$1"
    ln -sfn "$work/all/images" "$work/$1/images"
    ln -sfn "$work/all/masks" "$work/$1/masks"
    head -n $(($1 + 1)) "$work/all/manifest.csv" >"$work/$1/manifest.csv"
}

lend() { # a server on that port
    "$program" lend --listen "127.0.0.1:$1" --token-file "$work/token" --count >"$work/server-$1" 2>&1 &
    servers+=($!)
    until grep -q listening "$work/server-$1"; do sleep 0.1; done
}

# Runs a command on devices: local, lent, or several with commas between. Prints operations, groups, reads and
# drops of the last lent one, bytes and nanoseconds; the milliseconds between a training's steps go to a file.
run() {
    local where=$1 device=() names=() port=4177 name
    shift
    for name in ${where//,/ }; do
        case $name in
        local) names+=(flex) ;;
        lent)
            lend $port
            names+=("remote:ws://127.0.0.1:$port")
            port=$((port + 1))
            ;;
        esac
    done
    device=(--device "$(
        IFS=,
        echo "${names[*]}"
    )")
    if [ $port != 4177 ]; then device+=(--token-file "$work/token"); fi
    rm -rf "$work/run"
    local from_bytes from_time
    from_bytes=$(bytes) from_time=$(now)
    "$program" "$@" "${device[@]}" --quiet >/dev/null &
    local process=$!
    tail -s 0.01 --pid=$process -n +1 -F "$work/run/log.jsonl" 2>/dev/null | while IFS= read -r text; do
        case $text in *'"causal"'*) now ;; esac
    done | awk 'NR > 1 { printf "%.1f\n", ($1 - last) / 1e6 } { last = $1 }' >>"$work/steps" &
    local watch=$!
    wait $process
    local spent=$(($(now) - from_time)) sent=$(($(bytes) - from_bytes)) counted="0 0 0 0"
    wait $watch || true
    while [ $port != 4177 ]; do
        port=$((port - 1))
        until grep -q 'a session ended' "$work/server-$port"; do sleep 0.1; done
        counted=$(sed -n 's/.*ended: \([0-9]*\) operations, \([0-9]*\) groups.*, \([0-9]*\) reads, \([0-9]*\) tensors.*/\1 \2 \3 \4/p' "$work/server-$port")
    done
    if [ ${#servers[@]} != 0 ]; then
        kill "${servers[@]}"
        wait "${servers[@]}" 2>/dev/null || true
        servers=()
    fi
    echo "$counted $sent $spent"
}

training() { # where, preset, batch, steps, further arguments
    local where=$1 preset=$2 batch=$3 steps=$4
    shift 4
    set_of $((steps * batch))
    run "$where" train --preset "$preset" --data "$work/$((steps * batch))" --out "$work/run" --epochs 1 \
        --set "training.batch=$batch" --set game.warm_up=0 ${SET:-} "$@"
}
answers() { # where, weights, pictures
    ls "$work/all/images" | head -n "$3" | sed "s|.*|$work/all/images/&,left lung|; 1i image,text" >"$work/jobs.csv"
    rm -rf "$work/answers"
    run "$1" segment -w "$2" --jobs "$work/jobs.csv" --out "$work/answers"
}

line() { # what, where, figures of the short run, of the long one, units between, milliseconds
    echo "$3 $4 $5" | awk -v what="$1" -v where="$2" -v ms="$6" '{
        split(ms, t, " ")
        printf "%-16s %-12s %8.0f operations %6.0f groups %5.1f reads %8.0f drops %12.0f bytes", what, where,
            ($7 - $1) / $13, ($8 - $2) / $13, ($9 - $3) / $13, ($10 - $4) / $13, ($11 - $5) / $13
        printf "%9s ms (%s to %s)\n", t[1], t[2], t[3] }' | tee -a "$work/lines"
}

steps() { # preset, batch, steps of the short and of the long run
    declare -A short=() long=()
    for where in local lent; do short[$where]=$(training $where "$1" "$2" "$3"); done
    rm -f "$work"/times-*
    for ((round = 0; round < rounds; round++)); do
        for where in local lent; do
            : >"$work/steps"
            long[$where]=$(training $where "$1" "$2" "$4")
            # The first of them waits for memory that later ones use again.
            sed 1d "$work/steps" >>"$work/times-$where"
        done
    done
    for where in local lent; do
        line "$1 step x$2" $where "${short[$where]}" "${long[$where]}" $(($4 - $3)) "$(middle <"$work/times-$where")"
    done
    cp "$work/run/last.safetensors" "$work/$1.safetensors"
}
asked() { # preset
    declare -A short=() long=()
    rm -f "$work"/times-*
    for ((round = 0; round < rounds; round++)); do
        for where in local lent; do
            short[$where]=$(answers $where "$work/$1.safetensors" 2)
            long[$where]=$(answers $where "$work/$1.safetensors" 10)
            echo "${short[$where]} ${long[$where]}" | awk '{ print ($12 - $6) / 8e6 }' >>"$work/times-$where"
        done
    done
    for where in local lent; do
        line "$1 answer" $where "${short[$where]}" "${long[$where]}" 8 "$(middle <"$work/times-$where")"
    done
}
shared() { # preset, batch, where, way of exchange
    local first second
    : >"$work/steps"
    first=$(training "$3" "$1" "$2" 2 --exchange "$4")
    : >"$work/steps"
    second=$(training "$3" "$1" "$2" 6 --exchange "$4")
    line "$1 step x$2 $4" "$3" "$first" "$second" 4 "$(sed 1d "$work/steps" | middle)"
}

if [ $# = 4 ]; then
    steps "$@"
    asked "$1"
    exit
fi
steps small 8 2 10
asked small
steps rn50 2 1 5
asked rn50
rm "$work/rn50.safetensors"
shared small 16 local,lent host
shared small 16 lent,lent host
shared small 16 lent,lent direct

echo
echo "| | operations | reads waited for | bytes on the wire | lent | local |"
echo "| --- | --: | --: | --: | --: | --: |"
awk '
    function time(ms, from, to) { return ms " ms (" substr(from, 2) " to " substr(to, 1, length(to) - 1) ")" }
    { bytes = ""
      for (i = 1; i < NF; i++) if ($(i + 1) == "operations") at = i
      what = $1; for (i = 2; i < at - 1; i++) what = what " " $i
      where = $(at - 1); n = NF }
    where == "local" { here = time($(n - 4), $(n - 2), $n); next }
    where == "lent" { printf "| %s | %s | %.0f | %.1f MB | %s | %s |\n", what, $at, $(at + 4), $(at + 8) / 1e6, time($(n - 4), $(n - 2), $n), here; next }
    { printf "| %s, %s | | | %.0f MB | %s | |\n", what, where, $(at + 8) / 1e6, time($(n - 4), $(n - 2), $n) }' "$work/lines"
